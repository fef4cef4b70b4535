/// Writes the index of a batch input file while the file streams by.
///
/// Format, version 1, little-endian:
/// ```
/// header   16  "EBBLINES", version u16, record size u16, zero u32
/// records  48 x lines (LineEntry)
/// facts    FileFacts, lengths given in the trailer
/// order    PrefixOrder; empty when no order was computed
/// trailer  64  line count u64, facts bytes u64, order bytes u64, checksums of records, facts and order u64 x 3,
///              checksum of header and trailer so far u64, "SENILBBE"
/// ```
/// The trailer comes last so that nothing written earlier has to change.
public struct LineIndexEncoder: Sendable {
    private var records: ByteWriter
    private var checksum = LineIndexFormat.checksumSeed
    private var lineCount: UInt64 = 0

    public init() {
        self.records = ByteWriter()
        self.records.append(LineIndexFormat.header)
    }

    public mutating func append(_ entry: LineEntry) {
        let start = self.records.bytes.count
        entry.encode(into: &self.records)
        self.checksum = self.records.bytes.withUnsafeBytes {
            LineIndexFormat.extend(self.checksum, UnsafeRawBufferPointer(rebasing: $0[start...]))
        }
        self.lineCount += 1
    }

    /// The whole index.
    public consuming func finish(facts: FileFacts, order: PrefixOrder? = nil) -> [UInt8] {
        let factsBytes = facts.encoded()
        let orderBytes = order?.encoded() ?? []
        var trailer = ByteWriter()
        trailer.append(self.lineCount)
        trailer.append(UInt64(factsBytes.count))
        trailer.append(UInt64(orderBytes.count))
        trailer.append(self.checksum)
        trailer.append(LineIndexFormat.checksum(factsBytes))
        trailer.append(LineIndexFormat.checksum(orderBytes))
        trailer.append(LineIndexFormat.checksum(LineIndexFormat.header + trailer.bytes))
        trailer.append(LineIndexFormat.endMagic)
        return self.records.bytes + factsBytes + orderBytes + trailer.bytes
    }
}

/// The constants and checksums of the index format.
enum LineIndexFormat {
    static let version: UInt16 = 1
    static let magic = Array("EBBLINES".utf8)
    static let endMagic = Array("SENILBBE".utf8)
    static let headerBytes = 16
    static let trailerBytes = 64
    static let checksumSeed: UInt64 = 0x4542_4249_4E44_4558

    static var header: [UInt8] {
        var writer = ByteWriter()
        writer.append(self.magic)
        writer.append(self.version)
        writer.append(UInt16(LineEntry.encodedBytes))
        writer.append(UInt32(0))
        return writer.bytes
    }

    static func checksum(_ bytes: [UInt8]) -> UInt64 {
        bytes.withUnsafeBytes { StableHash.hash($0, seed: self.checksumSeed) }
    }

    /// The checksum of records is chained record by record, so that it can grow with the stream.
    static func extend(_ checksum: UInt64, _ record: UnsafeRawBufferPointer) -> UInt64 {
        StableHash.hash(record, seed: checksum)
    }
}
