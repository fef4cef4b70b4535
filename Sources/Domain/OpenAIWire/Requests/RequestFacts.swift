/// What the gateway must know about a request body, found in one validating pass; the body itself stays as it came.
///
/// When a key that the gateway reads occurs twice, the last one counts (what most JSON libraries do) and the earlier
/// ones are in `shadowed`; `RequestEdit` removes them, so that an engine cannot read another value than was billed.
public struct RequestFacts: Hashable, Sendable {
    /// The most choices one request may ask for (openai-api 5.1, 5.7).
    public static let choicesMax: Int64 = 128
    /// The most candidates of a legacy completion (openai-api 5.7).
    public static let bestOfMax: Int64 = 20
    /// Earlier occurrences of known keys in one body. Each is cut out on the way; no honest body has one.
    public static let shadowedMax = 64

    public let endpoint: Endpoint
    /// The frame of the body's top-level object.
    public let layout: JSONObjectLayout
    public internal(set) var model = ""
    public internal(set) var stream = false
    /// `stream_options.include_usage`.
    public internal(set) var includeUsage = false
    /// The frame of `stream_options` when it is an object.
    public internal(set) var streamOptionsLayout: JSONObjectLayout?
    public internal(set) var includeUsageMember: JSONMember?
    /// The tier as the client wrote it; nil when absent or null. Unknown names are the caller's to refuse.
    public internal(set) var serviceTier: String?
    public internal(set) var maxTokens: Int64?
    public internal(set) var maxCompletionTokens: Int64?
    /// llama.cpp's own limit, which it prefers to the others; nil when absent or null, below zero for no limit.
    public internal(set) var nPredict: Int64?
    /// Choices per prompt; 1 when absent.
    public internal(set) var n: Int64 = 1
    /// Candidates per prompt of a legacy completion; 1 when absent.
    public internal(set) var bestOf: Int64 = 1
    /// `float` or `base64`; nil when absent or null.
    public internal(set) var encodingFormat: String?
    public internal(set) var promptCacheKey: String?
    public internal(set) var user: String?
    public internal(set) var safetyIdentifier: String?
    /// Earlier occurrences of known keys that a later one overrides, in the order of the text.
    public internal(set) var shadowed: [JSONMember] = []

    var members: [JSONMember?]

    init(endpoint: Endpoint, layout: JSONObjectLayout, members: [JSONMember?], shadowed: [JSONMember]) {
        self.endpoint = endpoint
        self.layout = layout
        self.members = members
        self.shadowed = shadowed
    }

    /// Where a field lies, or nil when the body does not have it. A null counts as present.
    public subscript(field: RequestField) -> JSONMember? { self.members[Int(field.rawValue)] }

    /// True when the field is there and not null.
    public func has(_ field: RequestField) -> Bool {
        guard let member = self[field] else { return false }
        return member.value.kind != .null
    }

    /// The limit on output tokens of one choice that the client set; the newer name wins.
    public var outputTokensMax: Int64? { self.maxCompletionTokens ?? self.maxTokens }

    /// The most output tokens of one choice that any engine may read out of the body: engines differ in which name
    /// wins. nil without a limit.
    public var outputTokensCeiling: Int64? {
        if let nPredict, nPredict < 0 { return nil }
        return [self.maxTokens, self.maxCompletionTokens, self.nPredict].compactMap { $0 }.max()
    }

    /// Reads the facts of a request body.
    public static func scan(_ bytes: [UInt8], _ endpoint: Endpoint) throws(RequestError) -> RequestFacts {
        try withJSONBytes(bytes) { (buffer) throws(RequestError) in try self.scan(buffer, endpoint) }
    }

    public static func scan(
        _ bytes: UnsafeRawBufferPointer, _ endpoint: Endpoint
    ) throws(RequestError) -> RequestFacts {
        var scanner = JSONScanner(bytes)
        var facts: RequestFacts
        do throws(JSONError) {
            facts = try self.collect(&scanner, endpoint)
        } catch {
            throw .unparsable(error)
        }
        if facts.shadowed.count > Self.shadowedMax { throw .repeatedKeys(maximum: Self.shadowedMax) }
        try facts.interpret(scanner)
        return facts
    }

    private static func collect(
        _ scanner: inout JSONScanner, _ endpoint: Endpoint
    ) throws(JSONError) -> RequestFacts {
        var members = [JSONMember?](repeating: nil, count: RequestField.allCases.count)
        var shadowed: [JSONMember] = []
        var memberCount = 0
        try scanner.openObject()
        let open = scanner.offset - 1
        while let key = try scanner.nextKey() {
            let field = RequestField(key, in: scanner)
            let value = try scanner.value()
            memberCount += 1
            guard let index = field.map({ Int($0.rawValue) }) else { continue }
            if let earlier = members[index], shadowed.count <= Self.shadowedMax { shadowed.append(earlier) }
            members[index] = JSONMember(key: key.range, value: value)
        }
        let layout = JSONObjectLayout(open: open, close: scanner.offset - 1, memberCount: memberCount)
        try scanner.finish()
        shadowed.sort { $0.key.lowerBound < $1.key.lowerBound }
        return RequestFacts(endpoint: endpoint, layout: layout, members: members, shadowed: shadowed)
    }
}
