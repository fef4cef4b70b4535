public import Quantities

/// What the gateway must know about a whole (not streamed) answer of an engine, found in one validating pass.
public struct AnswerFacts: Hashable, Sendable {
    public let endpoint: Endpoint
    public private(set) var layout: JSONObjectLayout
    public private(set) var id: String?
    public private(set) var object: String?
    public private(set) var model: String?
    /// The tier that the engine says it used, at the top level or inside `usage`; nil when absent or null.
    public private(set) var serviceTier: String?
    public private(set) var serviceTierMember: JSONMember?
    public private(set) var usage: TokenUsage?
    public private(set) var usageMember: JSONMember?
    /// See `UsageReading.isUnreadable`.
    public private(set) var isUsageUnreadable = false
    /// One for each choice that has one, in order.
    public private(set) var finishReasons: [String] = []
    public private(set) var choiceCount = 0
    /// True when a truthy `error` member is there, also under HTTP 200.
    public private(set) var hasError = false
    /// The `message` objects of choices that lack `refusal`, which OpenAI's types require.
    public private(set) var messagesWithoutRefusal: [JSONObjectLayout] = []

    public static func scan(_ bytes: [UInt8], _ endpoint: Endpoint) throws(JSONError) -> AnswerFacts {
        try withJSONBytes(bytes) { (buffer) throws(JSONError) in try self.scan(buffer, endpoint) }
    }

    public static func scan(_ bytes: UnsafeRawBufferPointer, _ endpoint: Endpoint) throws(JSONError) -> AnswerFacts {
        var scanner = JSONScanner(bytes)
        var facts = AnswerFacts(endpoint: endpoint)
        try facts.read(&scanner)
        try scanner.finish()
        return facts
    }

    private init(endpoint: Endpoint) {
        self.endpoint = endpoint
        self.layout = JSONObjectLayout(open: 0, close: 0, memberCount: 0)
    }

    private mutating func read(_ scanner: inout JSONScanner) throws(JSONError) {
        try scanner.openObject()
        let open = scanner.offset - 1
        var memberCount = 0
        var tierInUsage: String?
        while let key = try scanner.nextKey() {
            memberCount += 1
            if scanner.matches(key, "usage") {
                let kind = try scanner.peekKind()
                let start = scanner.offset
                let reading = try UsageReading(&scanner)
                let slice = JSONSlice(kind: kind, range: start..<scanner.offset)
                self.usageMember = JSONMember(key: key.range, value: slice)
                self.usage = reading.usage
                self.isUsageUnreadable = reading.isUnreadable
                tierInUsage = reading.serviceTier
            } else if scanner.matches(key, "choices"), try scanner.peekKind() == .array {
                try scanner.openArray()
                while try scanner.nextElement() { try self.readChoice(&scanner) }
            } else {
                try self.readPlainMember(key, &scanner)
            }
        }
        self.layout = JSONObjectLayout(open: open, close: scanner.offset - 1, memberCount: memberCount)
        self.serviceTier = self.serviceTier ?? tierInUsage
    }

    private mutating func readPlainMember(_ key: JSONSlice, _ scanner: inout JSONScanner) throws(JSONError) {
        let value = try scanner.value()
        let text = value.kind == .string ? scanner.string(value) : nil
        if scanner.matches(key, "id") {
            self.id = text
        } else if scanner.matches(key, "object") {
            self.object = text
        } else if scanner.matches(key, "model") {
            self.model = text
        } else if scanner.matches(key, "service_tier") {
            self.serviceTierMember = JSONMember(key: key.range, value: value)
            self.serviceTier = text
        } else if scanner.matches(key, "error") {
            self.hasError = scanner.isTruthy(value)
        }
    }

    private mutating func readChoice(_ scanner: inout JSONScanner) throws(JSONError) {
        self.choiceCount += 1
        guard try scanner.peekKind() == .object else {
            _ = try scanner.value()
            return
        }
        try scanner.openObject()
        while let key = try scanner.nextKey() {
            if scanner.matches(key, "finish_reason") {
                let value = try scanner.value()
                if value.kind == .string { self.finishReasons.append(scanner.string(value)) }
            } else if scanner.matches(key, "message"), try scanner.peekKind() == .object {
                try self.readMessage(&scanner)
            } else {
                _ = try scanner.value()
            }
        }
    }

    private mutating func readMessage(_ scanner: inout JSONScanner) throws(JSONError) {
        try scanner.openObject()
        let open = scanner.offset - 1
        var memberCount = 0
        var hasRefusal = false
        while let key = try scanner.nextKey() {
            memberCount += 1
            hasRefusal = hasRefusal || scanner.matches(key, "refusal")
            _ = try scanner.value()
        }
        guard !hasRefusal else { return }
        self.messagesWithoutRefusal.append(
            JSONObjectLayout(open: open, close: scanner.offset - 1, memberCount: memberCount))
    }
}

extension AnswerFacts {
    /// The answer as OpenAI's clients expect it: with the tier that served it, and `refusal` in every message.
    ///
    /// Only these members are added or changed; an answer that has them comes back as it is. Embeddings and legacy
    /// completions know neither member and stay untouched.
    public func completed(_ answer: [UInt8], servedTier: String) -> [UInt8] {
        guard self.endpoint == .chatCompletions, !self.hasError else { return answer }
        var edit = BodyEdit()
        for message in self.messagesWithoutRefusal {
            edit.insertMember("refusal", Array("null".utf8), in: message)
        }
        if let member = self.serviceTierMember {
            if member.value.kind != .string || self.serviceTier != servedTier {
                edit.replace(member.value.range, with: JSONWriter.quoted(servedTier))
            }
        } else {
            edit.insertMember("service_tier", JSONWriter.quoted(servedTier), in: self.layout)
        }
        return edit.apply(to: answer)
    }
}

extension AnswerFacts {
    /// The answer with the tier that is charged where it names one; nothing is added.
    public func named(_ answer: [UInt8], servedTier: String) -> [UInt8] {
        guard self.endpoint == .chatCompletions, !self.hasError, let member = self.serviceTierMember,
            member.value.kind != .string || self.serviceTier != servedTier
        else { return answer }
        var edit = BodyEdit()
        edit.replace(member.value.range, with: JSONWriter.quoted(servedTier))
        return edit.apply(to: answer)
    }
}

extension JSONScanner {
    /// What a dynamic language takes for true; SDKs raise on a truthy `error` (openai-api 1.4).
    func isTruthy(_ value: JSONSlice) -> Bool {
        switch value.kind {
        case .null: false
        case .bool: self.isTrue(value)
        case .number: self.integer(value) != 0
        case .string: !value.inner.isEmpty
        case .array, .object: self.bytes[value.inner].contains { $0 > 0x20 }
        }
    }
}
