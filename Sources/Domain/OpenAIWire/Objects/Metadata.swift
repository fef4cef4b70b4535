/// A customer's tags on an object: text by text, in the order they were sent (openai-api 0.3).
public struct Metadata: Hashable, Sendable {
    public static let pairsMax = 16
    /// Unicode scalars.
    public static let keyLengthMax = 64
    /// Unicode scalars.
    public static let valueLengthMax = 512

    public struct Pair: Hashable, Sendable {
        public let key: String
        public let value: String

        public init(_ key: String, _ value: String) {
            self.key = key
            self.value = value
        }
    }

    public private(set) var pairs: [Pair]

    /// For values that were checked before, for example those of a store.
    public init(_ pairs: [Pair] = []) { self.pairs = pairs }

    /// Reads and checks a `metadata` member; nil when it is absent or null. The last of several equal keys counts.
    public static func parse(_ value: JSONValue?, param: String = "metadata") throws(RequestError) -> Metadata? {
        guard let value, value != .null else { return nil }
        guard let members = value.members else {
            throw .invalidType(param, expected: "an object", got: value.kind.phrase)
        }
        var metadata = Metadata()
        for member in members {
            let path = "\(param).\(member.key)"
            guard let text = member.value.string else {
                throw .invalidType(path, expected: "a string", got: member.value.kind.phrase)
            }
            let keyLength = member.key.unicodeScalars.count
            if keyLength > Self.keyLengthMax { throw .tooLong(path, maximum: Self.keyLengthMax, got: keyLength) }
            let length = text.unicodeScalars.count
            if length > Self.valueLengthMax { throw .tooLong(path, maximum: Self.valueLengthMax, got: length) }
            metadata.pairs.removeAll { $0.key == member.key }
            metadata.pairs.append(Pair(member.key, text))
            // Checked while growing, so that a huge object does not cost quadratic time.
            if metadata.pairs.count > Self.pairsMax {
                throw .tooManyProperties(param, maximum: Self.pairsMax, got: members.count)
            }
        }
        return metadata
    }

    /// The pairs as JSON text, in order.
    public func write(to writer: inout JSONWriter) {
        writer.beginObject()
        for pair in self.pairs { writer.member(pair.key, pair.value) }
        writer.endObject()
    }
}
