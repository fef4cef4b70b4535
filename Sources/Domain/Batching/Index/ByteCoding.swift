/// Appends little-endian values to a byte array.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { self.bytes.append(contentsOf: $0) }
    }

    mutating func append(_ raw: [UInt8]) { self.bytes.append(contentsOf: raw) }

    /// A length and UTF-8 bytes.
    mutating func append(text: String) {
        self.append(UInt32(text.utf8.count))
        self.bytes.append(contentsOf: text.utf8)
    }

    /// A flag and, when there is one, the text.
    mutating func append(optional text: String?) {
        self.append(UInt8(text == nil ? 0 : 1))
        if let text { self.append(text: text) }
    }

    mutating func removeAll() { self.bytes.removeAll(keepingCapacity: true) }
}

/// Reads what `ByteWriter` wrote; every read is checked against the end.
struct ByteReader {
    private let bytes: [UInt8]
    private(set) var offset: Int

    init(_ bytes: [UInt8], offset: Int = 0) {
        self.bytes = bytes
        self.offset = offset
    }

    var left: Int { self.bytes.count - self.offset }

    mutating func next<Value: FixedWidthInteger>(_ type: Value.Type) throws(LineIndexError) -> Value {
        let size = MemoryLayout<Value>.size
        guard self.left >= size else { throw .truncated }
        let value = self.bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: self.offset, as: Value.self) }
        self.offset += size
        return Value(littleEndian: value)
    }

    mutating func count(itemBytes: Int) throws(LineIndexError) -> Int {
        let count = Int(try self.next(UInt32.self))
        guard count <= self.left / max(itemBytes, 1) else { throw .truncated }
        return count
    }

    mutating func text() throws(LineIndexError) -> String {
        let count = try self.count(itemBytes: 1)
        guard let text = String(validating: self.bytes[self.offset..<self.offset + count], as: UTF8.self) else {
            throw .malformed("text is not UTF-8")
        }
        self.offset += count
        return text
    }

    mutating func optionalText() throws(LineIndexError) -> String? {
        switch try self.next(UInt8.self) {
        case 0: return nil
        case 1: return try self.text()
        default: throw .malformed("flag is neither 0 nor 1")
        }
    }
}
