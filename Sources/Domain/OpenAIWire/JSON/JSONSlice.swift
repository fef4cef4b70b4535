/// The six kinds of JSON values.
public enum JSONKind: UInt8, Hashable, Sendable {
    case null, bool, number, string, array, object

    /// The kind as OpenAI's messages say it ("but got a string instead").
    public var phrase: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

/// Where a validated value lies in its text. Ranges are byte offsets into the buffer that was scanned.
public struct JSONSlice: Hashable, Sendable {
    public let kind: JSONKind
    /// The whole value; the quotes of a string are inside.
    public let range: Range<Int>
    /// True for a string that contains a backslash escape.
    public let isEscaped: Bool

    public init(kind: JSONKind, range: Range<Int>, isEscaped: Bool = false) {
        self.kind = kind
        self.range = range
        self.isEscaped = isEscaped
    }

    /// What lies between the quotes of a string or the brackets of a container.
    public var inner: Range<Int> {
        self.range.count < 2 ? self.range : self.range.lowerBound + 1..<self.range.upperBound - 1
    }
}

/// A key and its value in an object, as places in the text.
public struct JSONMember: Hashable, Sendable {
    /// The key with its quotes.
    public let key: Range<Int>
    public let value: JSONSlice

    public init(key: Range<Int>, value: JSONSlice) {
        self.key = key
        self.value = value
    }
}

/// The frame of one object in a text: what an edit needs in order to add or remove members.
public struct JSONObjectLayout: Hashable, Sendable {
    /// Offset of `{`.
    public let open: Int
    /// Offset of `}`.
    public let close: Int
    public let memberCount: Int

    public init(open: Int, close: Int, memberCount: Int) {
        self.open = open
        self.close = close
        self.memberCount = memberCount
    }
}
