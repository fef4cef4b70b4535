/// Reads `base64 rank` lines, the form in which tiktoken's vocabularies are published.
struct RankFileReader {
    /// Longest accepted token in bytes; published vocabularies stay at 128 or below.
    static let maximumTokenLength = 1 << 16
    /// Largest accepted rank plus one.
    static let maximumRanks: UInt32 = 1 << 22

    private(set) var blob: [UInt8] = []
    /// For each rank, where its token lies: `offset << 32 | length`; 0 for a rank that does not exist.
    private(set) var spans: [UInt64] = []

    init(_ file: UnsafeBufferPointer<UInt8>) throws(TokenizingError) {
        self.blob.reserveCapacity(file.count / 2)
        self.spans.reserveCapacity(file.count / 16)
        var position = 0
        var line = 0
        while position < file.count {
            line += 1
            var end = position
            while end < file.count, file[end] != UInt8(ascii: "\n") { end += 1 }
            var contentEnd = end
            if contentEnd > position, file[contentEnd - 1] == UInt8(ascii: "\r") { contentEnd -= 1 }
            if contentEnd > position { try self.readLine(file, position, contentEnd, line) }
            position = end + 1
        }
        if self.spans.isEmpty { throw .emptyVocabulary }
    }

    private mutating func readLine(
        _ file: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, _ line: Int
    ) throws(TokenizingError) {
        var space = start
        while space < end, file[space] != UInt8(ascii: " ") { space += 1 }
        guard space < end else { throw .malformedRankLine(line: line, reason: "no space between token and rank") }
        let rank = try self.readRank(file, space + 1, end, line)
        let offset = self.blob.count
        guard Base64.decode(file, start..<space, into: &self.blob) else {
            throw .malformedRankLine(line: line, reason: "the token is not base64")
        }
        let length = self.blob.count - offset
        guard length > 0 else { throw .malformedRankLine(line: line, reason: "the token is empty") }
        guard length <= Self.maximumTokenLength else {
            throw .tooLarge("line \(line): a token of \(length) bytes; the limit is \(Self.maximumTokenLength)")
        }
        while self.spans.count <= Int(rank) { self.spans.append(0) }
        guard self.spans[Int(rank)] == 0 else { throw .duplicate(line: line, reason: "rank \(rank) was given before") }
        self.spans[Int(rank)] = UInt64(offset) << 32 | UInt64(length)
    }

    private func readRank(
        _ file: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, _ line: Int
    ) throws(TokenizingError) -> UInt32 {
        var rank: UInt32 = 0
        guard start < end else { throw .malformedRankLine(line: line, reason: "the rank is missing") }
        for index in start..<end {
            let digit = file[index] &- UInt8(ascii: "0")
            guard digit < 10 else { throw .malformedRankLine(line: line, reason: "the rank is not a number") }
            rank = rank * 10 + UInt32(digit)
            guard rank < Self.maximumRanks else {
                throw .tooLarge("line \(line): a rank of \(Self.maximumRanks) or more")
            }
        }
        return rank
    }
}
