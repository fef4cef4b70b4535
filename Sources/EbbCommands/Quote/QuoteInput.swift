import Gateway

/// The lines of a file that is quoted: batch lines and request bodies as they are, CSV and templates as `ebb run` turns
/// them into batch lines.
struct QuoteInput {
    private let input: ByteInput
    private let settings: InputSettings
    private var converter: InputConverter?
    private var isBegun = false
    private var isAtEnd = false

    /// - Parameter settings: how rows become requests, where they are none.
    init(_ input: ByteInput, settings: InputSettings) {
        self.input = input
        self.settings = settings
    }

    /// The next bytes of JSON lines; empty at the end.
    ///
    /// - Throws: `CommandFailure` for rows that cannot become requests.
    mutating func next() throws -> [UInt8] {
        while !self.isAtEnd {
            let piece = try self.input.next(atMost: LineBlocks.blockBytes)
            self.isAtEnd = piece.isEmpty
            self.begin(piece)
            guard self.converter != nil else { return piece }
            let bytes = try self.converted(piece)
            if !bytes.isEmpty { return bytes }
        }
        return []
    }

    /// The line of the file that a line of what `next` gave came from.
    func line(_ number: Int) -> Int { self.converter?.places.line(number) ?? number }

    /// Decides with the first byte that is no space: JSON lines begin with a brace.
    private mutating func begin(_ piece: [UInt8]) {
        guard !self.isBegun, let first = piece.first(where: { !Self.blanks.contains($0) }) else { return }
        self.isBegun = true
        let isJSON = first == UInt8(ascii: "{")
        if !isJSON || self.settings.template != nil { self.converter = InputConverter(self.settings) }
    }

    private static let blanks: [UInt8] = [0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF]

    private mutating func converted(_ piece: [UInt8]) throws -> [UInt8] {
        guard var converter = self.converter else { return piece }
        let lines = self.isAtEnd ? converter.finish() : piece.withUnsafeBytes { converter.feed($0) }
        self.converter = converter
        guard converter.flaws.isEmpty || !(self.isAtEnd || converter.isStopped) else {
            let flaws = converter.flaws.sentences.map { "\n  \($0)" }.joined()
            throw CommandFailure(
                "\(self.input.name) is read as 'ebb run' reads it, but cannot be:\(flaws)\nWith --template, or with "
                    + "'ebb run FILE --quote-only' and its options, other files can be quoted")
        }
        var bytes: [UInt8] = []
        for line in lines {
            bytes += line.bytes
            bytes.append(UInt8(ascii: "\n"))
        }
        return bytes
    }
}
