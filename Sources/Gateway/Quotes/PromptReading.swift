public import OpenAIWire
public import Tokenizing

/// What a request asks a model to read, in the words of the tokenizer.
public enum PromptReading: Hashable, Sendable {
    case chat([ChatMessage], tools: [ToolFunction])
    /// Texts that are counted one by one, and tokens that were given as numbers already (legacy completions,
    /// embeddings).
    case texts([String], tokens: Int64)

    /// Reads the body of a chat completion, a legacy completion, an embedding request or a Responses request.
    ///
    /// Nil when there is neither `messages` nor `prompt` nor `input` of a known form.
    public init?(body: JSONValue) {
        let tools = ToolReading.functions(of: body)
        if let messages = body["messages"]?.array {
            self = .chat(messages.map { ChatMessage(json: $0) }, tools: tools)
        } else if let prompt = body["prompt"] {
            guard let texts = Self.texts(prompt) else { return nil }
            self = texts
        } else if let input = body["input"] {
            if let items = input.array, items.contains(where: { $0.kind == .object }) {
                var messages = items.map { ChatMessage(json: $0) }
                if let text = body["instructions"]?.string {
                    messages.insert(ChatMessage(role: "system", text: text), at: 0)
                }
                self = .chat(messages, tools: tools)
            } else {
                guard let texts = Self.texts(input) else { return nil }
                self = texts
            }
        } else {
            return nil
        }
    }

    /// Reads a list of messages.
    public init?(messages: JSONValue) {
        guard let list = messages.array, list.allSatisfy({ $0.kind == .object }) else { return nil }
        self = .chat(list.map { ChatMessage(json: $0) }, tools: [])
    }

    /// A string, a list of strings, a list of tokens, or a list of lists of tokens (openai-api 5.7).
    private static func texts(_ value: JSONValue) -> PromptReading? {
        if let text = value.string { return .texts([text], tokens: 0) }
        guard let elements = value.array else { return nil }
        var texts: [String] = []
        var tokens: Int64 = 0
        for element in elements {
            if let text = element.string {
                texts.append(text)
            } else if element.kind == .number {
                tokens += 1
            } else if let inner = element.array, inner.allSatisfy({ $0.kind == .number }) {
                tokens += Int64(inner.count)
            } else {
                return nil
            }
        }
        return .texts(texts, tokens: tokens)
    }
}

extension ChatMessage {
    /// Reads a message of a request (openai-api 5.2). What has no counting rule becomes an unknown part.
    init(json: JSONValue) {
        self.init(role: json["role"]?.string ?? "user", name: json["name"]?.string, parts: [])
        switch json["content"] {
        case .string(let text)?: self.parts.append(.text(text))
        case .array(let parts)?: self.parts += parts.map { ContentPart(json: $0) }
        case .null?, nil: break
        default: self.parts.append(.unknown)
        }
        if let refusal = json["refusal"]?.string { self.parts.append(.text(refusal)) }
        for call in json["tool_calls"]?.array ?? [] {
            self.addCall(call["function"] ?? call["custom"] ?? .null)
        }
        if let call = json["function_call"], call.kind == .object { self.addCall(call) }
        // Items of the Responses API: calls and their outputs.
        if let arguments = json["arguments"]?.string { self.parts += [.text(arguments), .unknown] }
        if let output = json["output"]?.string { self.parts.append(.text(output)) }
    }

    /// How calls are rendered is not published: their strings count, and the count is an estimate.
    private mutating func addCall(_ call: JSONValue) {
        self.parts.append(.text(call["name"]?.string ?? ""))
        self.parts.append(.text(call["arguments"]?.string ?? call["input"]?.string ?? ""))
        self.parts.append(.unknown)
    }
}

extension ContentPart {
    init(json: JSONValue) {
        switch json["type"]?.string {
        case "text", "input_text", "output_text":
            self = .text(json["text"]?.string ?? "")
        case "refusal":
            self = .text(json["refusal"]?.string ?? "")
        case "image_url", "input_image":
            let holder = json["image_url"]
            let url = holder?["url"]?.string ?? holder?.string ?? ""
            let detail = holder?["detail"]?.string ?? json["detail"]?.string
            self = .image(
                size: ImageHeader.size(ofDataURL: url), detail: detail.flatMap { ImageDetail(rawValue: $0) } ?? .auto)
        default:
            self = .unknown
        }
    }
}

/// Reads the tools and the output schema that a request offers; both are rendered into the prompt.
enum ToolReading {
    static func functions(of body: JSONValue) -> [ToolFunction] {
        var functions: [ToolFunction] = []
        for tool in body["tools"]?.array ?? [] {
            let inner = tool["function"] ?? tool["custom"] ?? tool
            if inner["name"]?.string != nil { functions.append(self.function(inner, schema: inner["parameters"])) }
        }
        for function in body["functions"]?.array ?? [] {
            functions.append(self.function(function, schema: function["parameters"]))
        }
        if let format = body["response_format"]?["json_schema"] ?? body["text"]?["format"], format["schema"] != nil {
            functions.append(self.function(format, schema: format["schema"]))
        }
        return functions
    }

    private static func function(_ json: JSONValue, schema: JSONValue?) -> ToolFunction {
        var properties: [ToolFunction.Property] = []
        if let schema { self.collect(schema, depth: 0, into: &properties) }
        return ToolFunction(
            name: json["name"]?.string ?? "", description: json["description"]?.string ?? "", properties: properties)
    }

    /// All properties of a JSON schema, nested ones too.
    private static func collect(_ schema: JSONValue, depth: Int, into properties: inout [ToolFunction.Property]) {
        guard depth < JSONScanner.depthMax else { return }
        for member in schema["properties"]?.members ?? [] {
            let property = member.value
            properties.append(
                ToolFunction.Property(
                    name: member.key, type: self.typeText(property["type"]),
                    description: property["description"]?.string ?? "",
                    enumValues: property["enum"]?.array.map { $0.map(self.text) }))
            self.collect(property, depth: depth + 1, into: &properties)
        }
        if let items = schema["items"] { self.collect(items, depth: depth + 1, into: &properties) }
        for key in ["anyOf", "oneOf", "allOf"] {
            for choice in schema[key]?.array ?? [] { self.collect(choice, depth: depth + 1, into: &properties) }
        }
        for key in ["$defs", "definitions"] {
            for definition in schema[key]?.members ?? [] {
                self.collect(definition.value, depth: depth + 1, into: &properties)
            }
        }
    }

    private static func typeText(_ type: JSONValue?) -> String {
        type?.string ?? type?.array.map { $0.compactMap(\.string).joined(separator: "|") } ?? ""
    }

    private static func text(_ value: JSONValue) -> String {
        value.string ?? String(decoding: value.encoded, as: UTF8.self)
    }
}
