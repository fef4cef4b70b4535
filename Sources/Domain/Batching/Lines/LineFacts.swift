/// What a reader found in one line of a batch input file, in terms that need no JSON.
public struct LineFacts: Hashable, Sendable {
    public enum Reading: Hashable, Sendable {
        /// Nothing but white space.
        case blank
        /// Not a JSON object.
        case notJSON
        /// Longer than the reader's limit; its content is unknown.
        case tooLong
        case request(RequestFacts)
    }

    /// Bytes from the start of the file.
    public var offset: UInt64
    /// Bytes without the line ending.
    public var length: UInt32
    public var reading: Reading

    public init(offset: UInt64, length: UInt32, reading: Reading) {
        self.offset = offset
        self.length = length
        self.reading = reading
    }
}

/// A field that should hold a string.
public enum TextReading: Hashable, Sendable {
    /// Absent or null.
    case missing
    case wrongType
    /// The hash of the decoded string.
    case text(Hash128)
}

/// The four fields of a batch line.
public struct RequestFacts: Hashable, Sendable {
    public enum Method: Hashable, Sendable {
        case missing
        case wrongType
        case post
        case other
    }

    public enum URL: Hashable, Sendable {
        case missing
        case wrongType
        case endpoint(BatchEndpoint)
        /// A string that is no batch endpoint.
        case other
    }

    public enum Body: Hashable, Sendable {
        case missing
        /// Not an object.
        case wrongType
        case object(BodyFacts)
    }

    public var customID: TextReading
    public var method: Method
    public var url: URL
    public var body: Body

    public init(customID: TextReading, method: Method = .post, url: URL, body: Body) {
        self.customID = customID
        self.method = method
        self.url = url
        self.body = body
    }
}

/// What validation, quotas and scheduling must know about a request body.
public struct BodyFacts: Hashable, Sendable {
    public var model: TextReading
    /// True when the field that the line's own endpoint needs (`BatchEndpoint.subject`) is there.
    public var hasSubject: Bool
    /// True when `stream` is `true`.
    public var streams: Bool
    /// Inputs of an embedding request: 1 for a string or a token array, else the length of the array.
    public var inputCount: UInt32
    /// Estimated prompt tokens.
    public var promptTokens: UInt32
    /// Expected or maximal output tokens; 0 means unknown.
    public var outputTokens: UInt32
    public var groupKey: UInt64

    public init(
        model: TextReading, hasSubject: Bool = true, streams: Bool = false, inputCount: UInt32 = 1,
        promptTokens: UInt32 = 0, outputTokens: UInt32 = 0, groupKey: UInt64 = 0
    ) {
        self.model = model
        self.hasSubject = hasSubject
        self.streams = streams
        self.inputCount = inputCount
        self.promptTokens = promptTokens
        self.outputTokens = outputTokens
        self.groupKey = groupKey
    }
}
