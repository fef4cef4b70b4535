/// Where one line of a batch input file lies, and what scheduling must know about it without reading it.
///
/// Stored in 48 bytes, little-endian: offset u64, length u32, prompt tokens u32, custom id 2 x u64, group key u64,
/// output tokens u32, reserved u32.
public struct LineEntry: Hashable, Sendable {
    /// Bytes from the start of the file.
    public var offset: UInt64
    /// Bytes without the line ending.
    public var length: UInt32
    /// Estimated prompt tokens.
    public var promptTokens: UInt32
    public var customID: Hash128
    /// Lines with the same key share a prompt prefix; 0 means unknown.
    public var groupKey: UInt64
    /// Expected or maximal output tokens; 0 means unknown.
    public var outputTokens: UInt32

    public static let encodedBytes = 48

    public init(
        offset: UInt64, length: UInt32, promptTokens: UInt32 = 0, customID: Hash128, groupKey: UInt64 = 0,
        outputTokens: UInt32 = 0
    ) {
        self.offset = offset
        self.length = length
        self.promptTokens = promptTokens
        self.customID = customID
        self.groupKey = groupKey
        self.outputTokens = outputTokens
    }

    func encode(into writer: inout ByteWriter) {
        writer.append(self.offset)
        writer.append(self.length)
        writer.append(self.promptTokens)
        writer.append(self.customID.high)
        writer.append(self.customID.low)
        writer.append(self.groupKey)
        writer.append(self.outputTokens)
        writer.append(UInt32(0))
    }

    init(from reader: inout ByteReader) throws(LineIndexError) {
        self.offset = try reader.next(UInt64.self)
        self.length = try reader.next(UInt32.self)
        self.promptTokens = try reader.next(UInt32.self)
        self.customID = Hash128(high: try reader.next(UInt64.self), low: try reader.next(UInt64.self))
        self.groupKey = try reader.next(UInt64.self)
        self.outputTokens = try reader.next(UInt32.self)
        guard try reader.next(UInt32.self) == 0 else { throw .malformed("reserved bytes are not zero") }
    }
}
