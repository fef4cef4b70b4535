public import Quantities

/// What the gateway must know about one chunk of a chat or legacy completion stream (openai-api 5.5).
///
/// Runs once per event of every stream: one validating pass, and no allocation for a common chunk.
public struct StreamChunkFacts: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// `[DONE]`, or data that starts with it.
        case done
        /// A truthy `error` member: the stream is over.
        case error(ErrorBody)
        /// Empty `choices` and a usage object: sent only because the gateway or the client asked for it.
        case usageOnly
        case delta
    }

    public private(set) var kind = Kind.delta
    public private(set) var layout: JSONObjectLayout
    public private(set) var usage: TokenUsage?
    /// The `usage` member, also when it is null.
    public private(set) var usageMember: JSONMember?
    public private(set) var isUsageUnreadable = false
    /// The last finish reason in the chunk.
    public private(set) var finishReason: String?
    /// Deltas with generated content: text, reasoning, a refusal, a tool call or audio. Mostly one token each.
    public private(set) var contentPieces = 0
    /// nil: the engine tells nothing in this chunk.
    public private(set) var computed: ComputedTokens?
    public private(set) var serviceTier: String?
    public private(set) var serviceTierMember: JSONMember?

    private var modelSlice: JSONSlice?
    private var choiceCount = 0
    private var texts = 0
    private var text: Range<Int>?

    /// Where the chunk's generated text lies, quotes inside, when one choice has one such string.
    var onlyText: Range<Int>? { self.choiceCount == 1 && self.texts == 1 ? self.text : nil }

    private init() { self.layout = JSONObjectLayout(open: 0, close: 0, memberCount: 0) }

    /// The model that the chunk names. - Parameter payload: the one that was scanned.
    public func model(in payload: UnsafeRawBufferPointer) -> String? {
        self.modelSlice.map { JSONText.string($0, in: payload) }
    }

    public static func scan(_ payload: [UInt8]) throws(JSONError) -> StreamChunkFacts {
        try withJSONBytes(payload) { (buffer) throws(JSONError) in try self.scan(buffer) }
    }

    public static func scan(_ payload: UnsafeRawBufferPointer) throws(JSONError) -> StreamChunkFacts {
        var facts = StreamChunkFacts()
        var scanner = JSONScanner(payload)
        if scanner.equals("[DONE]", at: 0) {
            facts.kind = .done
            return facts
        }
        try facts.read(&scanner)
        try scanner.finish()
        return facts
    }

    private mutating func read(_ scanner: inout JSONScanner) throws(JSONError) {
        try scanner.openObject()
        let open = scanner.offset - 1
        var memberCount = 0
        var error: JSONSlice?
        var tierInUsage: String?
        while let key = try scanner.nextKey() {
            memberCount += 1
            if scanner.matches(key, "choices"), try scanner.peekKind() == .array {
                try scanner.openArray()
                while try scanner.nextElement() { try self.readChoice(&scanner) }
            } else if scanner.matches(key, "usage") {
                let kind = try scanner.peekKind()
                let start = scanner.offset
                let reading = try UsageReading(&scanner)
                let slice = JSONSlice(kind: kind, range: start..<scanner.offset)
                self.usageMember = JSONMember(key: key.range, value: slice)
                self.usage = reading.usage
                self.isUsageUnreadable = reading.isUnreadable
                tierInUsage = reading.serviceTier
            } else if scanner.matches(key, "service_tier") {
                let value = try scanner.value()
                self.serviceTierMember = JSONMember(key: key.range, value: value)
                self.serviceTier = value.kind == .string ? scanner.string(value) : nil
            } else {
                let value = try scanner.value()
                if scanner.matches(key, "error"), scanner.isTruthy(value) { error = value }
                if scanner.matches(key, "model"), value.kind == .string { self.modelSlice = value }
                if let told = try ComputedTokens(key, value, scanner) { self.computed = told.merging(self.computed) }
            }
        }
        self.layout = JSONObjectLayout(open: open, close: scanner.offset - 1, memberCount: memberCount)
        self.serviceTier = self.serviceTier ?? tierInUsage
        if let error {
            let value = try JSONValue(parsing: scanner.bytes.part(error.range))
            self.kind = .error(ErrorBody(streamed: value))
        } else if self.choiceCount == 0, self.usageMember?.value.kind == .object {
            self.kind = .usageOnly
        }
    }

    private mutating func readChoice(_ scanner: inout JSONScanner) throws(JSONError) {
        self.choiceCount += 1
        guard try scanner.peekKind() == .object else {
            _ = try scanner.value()
            return
        }
        try scanner.openObject()
        var pieces = 0
        while let key = try scanner.nextKey() {
            if scanner.matches(key, "delta"), try scanner.peekKind() == .object {
                try scanner.openObject()
                while let inner = try scanner.nextKey() {
                    let value = try scanner.value()
                    if self.readContent(inner, value, scanner) { pieces = 1 }
                }
            } else if scanner.matches(key, "finish_reason") {
                let value = try scanner.value()
                if value.kind == .string { self.finishReason = scanner.string(value) }
            } else {
                let value = try scanner.value()
                if scanner.matches(key, "text"), value.kind == .string, self.readText(value) { pieces = 1 }
            }
        }
        self.contentPieces += pieces
    }

    /// True when a member of a delta holds something generated.
    @inline(__always)
    private mutating func readContent(_ key: JSONSlice, _ value: JSONSlice, _ scanner: JSONScanner) -> Bool {
        switch value.kind {
        case .string:
            let isText =
                scanner.matches(key, "content") || scanner.matches(key, "reasoning_content")
                || scanner.matches(key, "reasoning") || scanner.matches(key, "refusal")
            return isText && self.readText(value)
        case .array, .object:
            let isContent =
                !value.inner.isEmpty
                && (scanner.matches(key, "tool_calls") || scanner.matches(key, "function_call")
                    || scanner.matches(key, "audio"))
            // Whatever text there is beside it, it is not the only content.
            if isContent { self.texts += 2 }
            return isContent
        default: return false
        }
    }

    private mutating func readText(_ value: JSONSlice) -> Bool {
        self.texts += 1
        self.text = value.range
        return !value.inner.isEmpty
    }
}
