import OpenAIWire

/// What a chat or text completion (or a call of `/tokenize`) asks for.
struct CompletionAsk: Sendable {
    enum Kind: Sendable {
        case chat, text, tokenize
    }

    /// Choices of one answer, at most.
    static let choicesMax = 128
    /// Answer tokens of a text completion that sets no limit (OpenAI's default).
    static let textLimitDefault = 16

    let kind: Kind
    var model: String?
    /// One for a chat; as many as the request has for a text completion.
    var prompts: [PromptText] = []
    var isStream = false
    var includesUsage = false
    /// Choices for each prompt.
    var samples = 1
    var limit: Int?
    var ignoresEnd = false
    var form = OutputPlan.Form.text
    var toolName = ""
    var hasLogprobs = false
    var reasons = false
    var slot: Int?
    /// What the sender calls this piece of work.
    var mark: String?

    var promptTokens: Int { self.prompts.reduce(0) { $0 + $1.tokens } }
    var choices: Int { self.prompts.count * self.samples }
    var param: String { self.kind == .text ? "prompt" : "messages" }

    init(kind: Kind, parsing bytes: UnsafeRawBufferPointer) throws(RequestRefusal) {
        self.kind = kind
        do {
            try self.read(bytes)
        } catch {
            throw .of(error)
        }
        if kind == .text, self.limit == nil { self.limit = Self.textLimitDefault }
    }

    private mutating func read(_ bytes: UnsafeRawBufferPointer) throws {
        var scanner = JSONScanner(bytes)
        var chat = ChatPrompt()
        var prompts: [PromptText] = []
        var tools: JSONSlice?
        var toolChoice: JSONSlice?
        var line: String?
        try scanner.openObject()
        while let key = try scanner.nextKey() {
            if self.kind != .text, scanner.matches(key, "messages") {
                try chat.read(&scanner, bytes)
            } else if self.kind != .chat, scanner.matches(key, "prompt") {
                prompts = try PromptInput.read(&scanner, bytes, param: "prompt")
            } else if scanner.matches(key, "metadata"), try scanner.peekKind() == .object {
                line = try Self.readLine(&scanner)
            } else {
                let value = try scanner.value()
                if value.kind == .null { continue }
                if scanner.matches(key, "tools") {
                    tools = value
                } else if scanner.matches(key, "tool_choice") {
                    toolChoice = value
                } else {
                    try self.take(key, value, scanner, bytes)
                }
            }
        }
        try scanner.finish()
        if !chat.text.bytes.isEmpty { prompts = [chat.text] }
        guard !prompts.isEmpty else {
            throw RequestRefusal.invalid("\(self.param) is missing.", param: self.param)
        }
        self.prompts = prompts
        if let tools { try self.take(tools: tools, choice: toolChoice, bytes) }
        guard self.choices <= Self.choicesMax else {
            throw RequestRefusal.invalid("More than \(Self.choicesMax) choices.", param: "n")
        }
        self.mark = line ?? self.mark ?? "text:\(chat.mark ?? prompts[0].start)"
    }

    private mutating func take(
        _ key: JSONSlice, _ value: JSONSlice, _ scanner: JSONScanner, _ bytes: UnsafeRawBufferPointer
    ) throws {
        switch value.kind {
        case .string:
            if scanner.matches(key, "model") {
                self.model = scanner.string(value)
            } else if scanner.matches(key, "user") {
                self.mark = scanner.string(value)
            } else if scanner.matches(key, "reasoning_effort") {
                self.reasons = !scanner.matches(value, "none")
            }
        case .bool:
            if scanner.matches(key, "stream") {
                self.isStream = scanner.isTrue(value)
            } else if scanner.matches(key, "ignore_eos") {
                self.ignoresEnd = scanner.isTrue(value)
            } else if scanner.matches(key, "logprobs") {
                self.hasLogprobs = scanner.isTrue(value)
            }
        case .number: try self.take(number: value, key, scanner)
        case .object: try self.take(object: value, key, scanner, bytes)
        case .array, .null: break
        }
    }

    private mutating func take(number value: JSONSlice, _ key: JSONSlice, _ scanner: JSONScanner) throws {
        if scanner.matches(key, "max_tokens") || scanner.matches(key, "max_completion_tokens") {
            self.limit = try Self.count(value, 1...(1 << 40), scanner, "max_tokens")
        } else if scanner.matches(key, "n") {
            self.samples = try Self.count(value, 1...Self.choicesMax, scanner, "n")
        } else if scanner.matches(key, "logprobs") {
            self.hasLogprobs = true
        } else if scanner.matches(key, "id_slot") {
            self.slot = scanner.integer(value).flatMap { $0 >= 0 ? Int($0) : nil }
        }
    }

    private mutating func take(
        object value: JSONSlice, _ key: JSONSlice, _ scanner: JSONScanner, _ bytes: UnsafeRawBufferPointer
    ) throws {
        if scanner.matches(key, "stream_options") {
            let options = try JSONValue(parsing: UnsafeRawBufferPointer(rebasing: bytes[value.range]))
            self.includesUsage = options["include_usage"]?.bool ?? false
        } else if scanner.matches(key, "response_format") {
            let format = try JSONValue(parsing: UnsafeRawBufferPointer(rebasing: bytes[value.range]))
            let type = format["type"]?.string
            if self.form == .text, type == "json_object" || type == "json_schema" { self.form = .object }
        }
    }

    /// Tools stand before the messages in the prompt. A tool is called only when the request insists.
    private mutating func take(
        tools slice: JSONSlice, choice: JSONSlice?, _ bytes: UnsafeRawBufferPointer
    ) throws {
        guard slice.kind == .array else { throw RequestRefusal.invalid("tools must be an array.", param: "tools") }
        var text = PromptText()
        text.append(bytes[slice.range])
        text.append(self.prompts[0].bytes)
        self.prompts[0] = text
        guard let choice else { return }
        let wanted = try JSONValue(parsing: UnsafeRawBufferPointer(rebasing: bytes[choice.range]))
        let named = wanted["function"]?["name"]?.string
        guard named != nil || wanted.string == "required" else { return }
        let tools = try JSONValue(parsing: UnsafeRawBufferPointer(rebasing: bytes[slice.range]))
        guard let name = named ?? tools[0]?["function"]?["name"]?.string else {
            throw RequestRefusal.invalid("tools has no function to call.", param: "tools")
        }
        self.form = .toolCall
        self.toolName = name
    }

    private static func readLine(_ scanner: inout JSONScanner) throws -> String? {
        var line: String?
        try scanner.openObject()
        while let key = try scanner.nextKey() {
            let value = try scanner.value()
            guard scanner.matches(key, "line") else { continue }
            switch value.kind {
            case .string: line = scanner.string(value)
            case .number: line = String(decoding: scanner.raw(value), as: UTF8.self)
            default: break
            }
        }
        return line
    }

    private static func count(
        _ value: JSONSlice, _ range: ClosedRange<Int>, _ scanner: JSONScanner, _ param: String
    ) throws -> Int {
        guard let number = scanner.integer(value), range.contains(Int(number)) else {
            throw RequestRefusal.invalid("\(param) must be an integer of at least 1.", param: param)
        }
        return Int(number)
    }
}
