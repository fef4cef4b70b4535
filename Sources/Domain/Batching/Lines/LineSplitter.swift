/// Cuts a stream of bytes into the lines of a JSONL file, whatever the borders of its chunks.
///
/// Lines end with LF or CRLF; the last one may end with the file. A byte order mark at the start of the file is left
/// out; NUL and every other byte, also a CR elsewhere, belong to the line. A line that lies within one chunk is given
/// without a copy; others are gathered in a buffer of at most `lineBytesMax` bytes. A longer line is reported with its
/// length but without its bytes, and the stream goes on behind it.
public struct LineSplitter: Sendable {
    /// Where a line lies, and whether its bytes are there.
    public struct Place: Hashable, Sendable {
        /// Counted from 1.
        public let number: Int
        /// Bytes from the start of the file.
        public let offset: UInt64
        /// Bytes without the line ending.
        public let length: UInt64
        /// True when the line is longer than the limit: its bytes are not given.
        public let isTooLong: Bool
        /// True when there is nothing but spaces and tabs.
        public let isBlank: Bool

        public init(number: Int, offset: UInt64, length: UInt64, isTooLong: Bool = false, isBlank: Bool = false) {
            self.number = number
            self.offset = offset
            self.length = length
            self.isTooLong = isTooLong
            self.isBlank = isBlank
        }
    }

    public let lineBytesMax: Int
    /// Bytes fed so far.
    public private(set) var byteCount: UInt64 = 0
    private var number = 0
    /// The bytes of the unfinished line, empty when `carriedLength` is zero or the line is too long.
    private var carry: [UInt8] = []
    private var carriedLength = 0
    private var carriedEndsWithCR = false
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    public init(lineBytesMax: Int = BatchLimits().lineBytesMax) {
        precondition(lineBytesMax > 0, "a line has at least one byte")
        self.lineBytesMax = lineBytesMax
    }

    /// Bytes held for an unfinished line.
    package var carriedBytes: Int { self.carry.count }

    /// Takes the next chunk and gives each line that ends in it. The bytes given are valid during the call only.
    public mutating func feed<Failure: Error>(
        _ chunk: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer, Place) throws(Failure) -> Void
    ) throws(Failure) {
        var start = 0
        while let end = NewlineSearch.first(in: chunk, from: start) {
            let piece = UnsafeRawBufferPointer(rebasing: chunk[start..<end])
            start = end + 1
            if self.carriedLength == 0 {
                try self.give(piece, endsAt: self.byteCount + UInt64(end), body)
            } else {
                self.carry(piece)
                try self.giveCarried(endsAt: self.byteCount + UInt64(end), body)
            }
        }
        self.carry(UnsafeRawBufferPointer(rebasing: chunk[start...]))
        self.byteCount += UInt64(chunk.count)
    }

    /// The file has ended: gives the last line when it has no line ending.
    public mutating func finish<Failure: Error>(
        _ body: (UnsafeRawBufferPointer, Place) throws(Failure) -> Void
    ) throws(Failure) {
        if self.carriedLength > 0 { try self.giveCarried(endsAt: self.byteCount, body) }
    }

    /// Keeps a piece of an unfinished line, up to the limit and the three bytes that may not count (CR, mark).
    private mutating func carry(_ piece: UnsafeRawBufferPointer) {
        guard let last = piece.last else { return }
        self.carriedLength += piece.count
        self.carriedEndsWithCR = last == 0x0D
        if self.carriedLength <= self.lineBytesMax + Self.byteOrderMark.count + 1 {
            self.carry.append(contentsOf: piece)
        } else {
            self.carry = []
        }
    }

    private mutating func giveCarried<Failure: Error>(
        endsAt end: UInt64, _ body: (UnsafeRawBufferPointer, Place) throws(Failure) -> Void
    ) throws(Failure) {
        let line = self.carry
        let length = self.carriedLength
        self.carriedLength = 0
        self.carry = []
        if line.count == length {
            let result: Result<Void, Failure> = line.withUnsafeBytes { bytes in
                do throws(Failure) { return .success(try self.give(bytes, endsAt: end, body)) } catch {
                    return .failure(error)
                }
            }
            return try result.get()
        }
        self.number += 1
        let ending = self.carriedEndsWithCR ? 1 : 0
        let place = Place(
            number: self.number, offset: end - UInt64(length), length: UInt64(length - ending), isTooLong: true,
            isBlank: false)
        try body(UnsafeRawBufferPointer(start: nil, count: 0), place)
    }

    /// Gives a whole line whose line feed, or the end of the file, is at `end`.
    private mutating func give<Failure: Error>(
        _ raw: UnsafeRawBufferPointer, endsAt end: UInt64,
        _ body: (UnsafeRawBufferPointer, Place) throws(Failure) -> Void
    ) throws(Failure) {
        self.number += 1
        var line = raw
        var offset = end - UInt64(raw.count)
        if offset == 0, raw.starts(with: Self.byteOrderMark) {
            line = UnsafeRawBufferPointer(rebasing: line[Self.byteOrderMark.count...])
            offset = UInt64(Self.byteOrderMark.count)
        }
        if line.last == 0x0D { line = UnsafeRawBufferPointer(rebasing: line.dropLast()) }
        let isTooLong = line.count > self.lineBytesMax
        let place = Place(
            number: self.number, offset: offset, length: UInt64(line.count), isTooLong: isTooLong,
            isBlank: !line.contains { $0 != 0x20 && $0 != 0x09 })
        try body(isTooLong ? UnsafeRawBufferPointer(start: nil, count: 0) : line, place)
    }
}
