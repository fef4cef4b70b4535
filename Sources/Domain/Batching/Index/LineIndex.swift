/// The index of a batch input file: its facts, its order of execution, and random access to its lines.
///
/// It holds the facts and the order, never the records: those are read where they lie, through the caller's closure.
public struct LineIndex: Sendable {
    /// Gives `count` bytes from `offset` of the stored index; throws `unreadable` when it cannot.
    public typealias Read = (_ offset: Int, _ count: Int) throws(LineIndexError) -> [UInt8]

    public let lineCount: Int
    public let facts: FileFacts
    /// Nil when no order was computed: run the lines in the file's order.
    public let order: PrefixOrder?
    private let recordsChecksum: UInt64

    /// Opens an index of `bytes` bytes. Header, trailer, facts and order are checked; the records by `verify`.
    public init(bytes: Int, read: Read) throws(LineIndexError) {
        guard bytes >= LineIndexFormat.headerBytes + LineIndexFormat.trailerBytes else { throw .truncated }
        let header = try Self.exactly(LineIndexFormat.headerBytes, at: 0, read)
        try Self.checkHeader(header)
        let trailerStart = bytes - LineIndexFormat.trailerBytes
        let trailer = try Self.exactly(LineIndexFormat.trailerBytes, at: trailerStart, read)
        guard Array(trailer.suffix(8)) == LineIndexFormat.endMagic else { throw .notAnIndex }
        var reader = ByteReader(trailer)
        let lines = try reader.next(UInt64.self)
        let factsBytes = try reader.next(UInt64.self)
        let orderBytes = try reader.next(UInt64.self)
        self.recordsChecksum = try reader.next(UInt64.self)
        let factsChecksum = try reader.next(UInt64.self)
        let orderChecksum = try reader.next(UInt64.self)
        guard try reader.next(UInt64.self) == LineIndexFormat.checksum(header + trailer.prefix(48)) else {
            throw .checksumMismatch
        }
        let room = UInt64(trailerStart - LineIndexFormat.headerBytes)
        let (recordBytes, overflow) = lines.multipliedReportingOverflow(by: UInt64(LineEntry.encodedBytes))
        guard !overflow, recordBytes <= room, factsBytes <= room - recordBytes,
            orderBytes == room - recordBytes - factsBytes
        else { throw .malformed("section lengths do not add up") }
        self.lineCount = Int(lines)
        let factsStart = LineIndexFormat.headerBytes + Int(recordBytes)
        let rawFacts = try Self.exactly(Int(factsBytes), at: factsStart, read)
        guard LineIndexFormat.checksum(rawFacts) == factsChecksum else { throw .checksumMismatch }
        self.facts = try FileFacts(encoded: rawFacts)
        let rawOrder = try Self.exactly(Int(orderBytes), at: factsStart + Int(factsBytes), read)
        guard LineIndexFormat.checksum(rawOrder) == orderChecksum else { throw .checksumMismatch }
        self.order = rawOrder.isEmpty ? nil : try PrefixOrder(encoded: rawOrder, lineCount: self.lineCount)
    }

    /// Where the records of `lines` lie in the stored index, for callers that read by themselves.
    public static func byteRange(of lines: Range<Int>) -> Range<Int> {
        let start = LineIndexFormat.headerBytes
        return start + lines.lowerBound * LineEntry.encodedBytes..<start + lines.upperBound * LineEntry.encodedBytes
    }

    /// The entry of one line, from 0.
    public func entry(_ line: Int, read: Read) throws(LineIndexError) -> LineEntry {
        guard (0..<self.lineCount).contains(line) else { throw .noSuchLine(line) }
        let range = Self.byteRange(of: line..<line + 1)
        return try Self.entries(in: try Self.exactly(range.count, at: range.lowerBound, read))[0]
    }

    /// The entries of neighbouring lines in one read.
    public func entries(_ lines: Range<Int>, read: Read) throws(LineIndexError) -> [LineEntry] {
        guard lines.lowerBound >= 0, lines.upperBound <= self.lineCount else { throw .noSuchLine(lines.upperBound) }
        let range = Self.byteRange(of: lines)
        return try Self.entries(in: try Self.exactly(range.count, at: range.lowerBound, read))
    }

    /// Decodes whole records.
    public static func entries(in bytes: [UInt8]) throws(LineIndexError) -> [LineEntry] {
        guard bytes.count.isMultiple(of: LineEntry.encodedBytes) else { throw .truncated }
        var reader = ByteReader(bytes)
        var entries: [LineEntry] = []
        entries.reserveCapacity(bytes.count / LineEntry.encodedBytes)
        while reader.left > 0 { entries.append(try LineEntry(from: &reader)) }
        return entries
    }

    /// Reads all records, at most 1,024 at a time, and compares their checksum.
    public func verify(read: Read) throws(LineIndexError) {
        var checksum = LineIndexFormat.checksumSeed
        var line = 0
        while line < self.lineCount {
            let end = min(line + 1_024, self.lineCount)
            let range = Self.byteRange(of: line..<end)
            let bytes = try Self.exactly(range.count, at: range.lowerBound, read)
            checksum = bytes.withUnsafeBytes { raw in
                stride(from: 0, to: raw.count, by: LineEntry.encodedBytes).reduce(checksum) {
                    let record = raw[$1..<$1 + LineEntry.encodedBytes]
                    return LineIndexFormat.extend($0, UnsafeRawBufferPointer(rebasing: record))
                }
            }
            line = end
        }
        guard checksum == self.recordsChecksum else { throw .checksumMismatch }
    }

    private static func checkHeader(_ header: [UInt8]) throws(LineIndexError) {
        guard Array(header.prefix(8)) == LineIndexFormat.magic else { throw .notAnIndex }
        var reader = ByteReader(header, offset: 8)
        let version = try reader.next(UInt16.self)
        guard version == LineIndexFormat.version else { throw .unsupportedVersion(Int(version)) }
        guard header == LineIndexFormat.header else { throw .malformed("unknown record size") }
    }

    private static func exactly(_ count: Int, at offset: Int, _ read: Read) throws(LineIndexError) -> [UInt8] {
        if count == 0 { return [] }
        let bytes = try read(offset, count)
        guard bytes.count == count else { throw .truncated }
        return bytes
    }
}
