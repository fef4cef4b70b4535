/// A JSON tree that keeps the order of members and the text of numbers. For cold paths; hot paths use `JSONScanner`.
public indirect enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    /// The number as it was written; no precision is lost.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([Member])

    public struct Member: Hashable, Sendable {
        public let key: String
        public let value: JSONValue

        public init(_ key: String, _ value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    public static func integer(_ value: some BinaryInteger) -> JSONValue { .number(String(value)) }

    /// Parses a whole text. Duplicate keys stay, in order.
    public init(parsing bytes: [UInt8]) throws(JSONError) {
        self = try withJSONBytes(bytes) { (buffer) throws(JSONError) in try JSONValue(parsing: buffer) }
    }

    public init(parsing bytes: UnsafeRawBufferPointer) throws(JSONError) {
        var scanner = JSONScanner(bytes)
        self = try Self.read(&scanner)
        try scanner.finish()
    }

    private static func read(_ scanner: inout JSONScanner) throws(JSONError) -> JSONValue {
        switch try scanner.peekKind() {
        case .object:
            var members: [Member] = []
            try scanner.openObject()
            while let key = try scanner.nextKey() {
                let name = scanner.string(key)
                members.append(Member(name, try Self.read(&scanner)))
            }
            return .object(members)
        case .array:
            var elements: [JSONValue] = []
            try scanner.openArray()
            while try scanner.nextElement() { elements.append(try Self.read(&scanner)) }
            return .array(elements)
        case .string: return .string(scanner.string(try scanner.value()))
        case .number: return .number(String(decoding: scanner.raw(try scanner.value()), as: UTF8.self))
        case .bool: return .bool(scanner.isTrue(try scanner.value()))
        case .null:
            _ = try scanner.value()
            return .null
        }
    }

    /// The tree as compact text.
    public var encoded: [UInt8] {
        var writer = JSONWriter()
        self.write(to: &writer)
        return writer.bytes
    }

    public func write(to writer: inout JSONWriter) {
        switch self {
        case .null: writer.null()
        case .bool(let value): writer.bool(value)
        case .number(let text): writer.raw(text.utf8)
        case .string(let text): writer.string(text)
        case .array(let elements):
            writer.beginArray()
            for element in elements { element.write(to: &writer) }
            writer.endArray()
        case .object(let members):
            writer.beginObject()
            for member in members {
                writer.key(member.key)
                member.value.write(to: &writer)
            }
            writer.endObject()
        }
    }

    public var kind: JSONKind {
        switch self {
        case .null: .null
        case .bool: .bool
        case .number: .number
        case .string: .string
        case .array: .array
        case .object: .object
        }
    }

    /// The value of a member, the last one when the key repeats; nil when absent or not an object.
    public subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key == key }?.value
    }

    public subscript(index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    public var string: String? { if case .string(let text) = self { text } else { nil } }
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    public var array: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }
    public var members: [Member]? { if case .object(let members) = self { members } else { nil } }

    /// The exact integer, also of `5.0` or `1e3`; nil when not integral or out of range.
    public var integer: Int64? {
        guard case .number(let text) = self else { return nil }
        return withJSONBytes(Array(text.utf8)) { (buffer) throws(Never) in
            JSONText.integer(JSONSlice(kind: .number, range: 0..<buffer.count), in: buffer)
        }
    }
}
