import OpenAIWire

/// Makes the body of a request from a row.
struct RequestMaker {
    /// Fields of a JSONL row that are request parameters; they go into the body when no template says that the row is
    /// data (openai-api 5.1).
    static let parameterFields: Set<String> = [
        "model", "max_tokens", "max_completion_tokens", "temperature", "top_p", "n", "stop", "seed", "response_format",
        "tools", "tool_choice", "parallel_tool_calls", "reasoning_effort", "presence_penalty", "frequency_penalty",
        "logprobs", "top_logprobs", "logit_bias", "dimensions", "encoding_format",
    ]

    let settings: InputSettings
    let endpoint: Endpoint
    /// Rows of a JSONL file may carry parameters; columns of a CSV file are data.
    let takesParameters: Bool

    init(_ settings: InputSettings, endpoint: Endpoint, takesParameters: Bool) {
        self.settings = settings
        self.endpoint = endpoint
        self.takesParameters = takesParameters && settings.template == nil
    }

    /// A field that the template or the endpoint needs and no column has; nil when a row can be made.
    func missingColumn(_ names: [String]) -> String? {
        if let template = self.settings.template { return template.fields.first { !names.contains($0) } }
        let wanted = self.endpoint == .embeddings ? Self.inputFields : [Self.promptField]
        return wanted.contains(where: names.contains) ? nil : wanted[0]
    }

    private static let promptField = "prompt"
    private static let inputFields = ["input", "text", Self.promptField]

    func body(_ row: InputRow) throws(InputFlaw) -> [JSONValue.Member] {
        var members: [JSONValue.Member] = []
        if self.takesParameters {
            members = row.fields.filter { Self.parameterFields.contains($0.key) && $0.value != .null }
        }
        members.append(try self.subject(row))
        return self.completed(members)
    }

    /// The body with the model and the defaults where it lacks them.
    func completed(_ members: [JSONValue.Member]) -> [JSONValue.Member] {
        var members = members
        func add(_ member: JSONValue.Member) {
            if !members.contains(where: { $0.key == member.key && $0.value != .null }) {
                members.removeAll { $0.key == member.key }
                members.append(member)
            }
        }
        if let model = self.settings.model ?? self.settings.onlyModel { add(JSONValue.Member("model", .string(model))) }
        let hasLimit = members.contains { Self.limitFields.contains($0.key) && $0.value != .null }
        for member in self.settings.defaults where !(hasLimit && Self.limitFields.contains(member.key)) { add(member) }
        return members
    }

    private static let limitFields: Set<String> = ["max_tokens", "max_completion_tokens"]

    private func subject(_ row: InputRow) throws(InputFlaw) -> JSONValue.Member {
        switch self.endpoint {
        case .chatCompletions: return JSONValue.Member("messages", .array(try self.messages(row)))
        case .completions: return JSONValue.Member("prompt", .string(try self.text(row, [Self.promptField])))
        case .embeddings: return JSONValue.Member("input", .string(try self.text(row, Self.inputFields)))
        }
    }

    private func messages(_ row: InputRow) throws(InputFlaw) -> [JSONValue] {
        var messages: [JSONValue] = []
        if self.settings.template == nil, let given = row["messages"], given != .null {
            guard let list = given.array, !list.isEmpty else {
                throw InputFlaw(line: row.line, field: "messages", "it must be a list with at least one message")
            }
            messages = list
        } else {
            messages = [Self.message("user", try self.text(row, [Self.promptField]))]
        }
        if let system = self.settings.system {
            if messages.first?["role"] == .string("system") {
                throw InputFlaw(
                    line: row.line, field: "messages", "it has a system message, and --system gives another")
            }
            messages.insert(Self.message("system", system), at: 0)
        }
        return messages
    }

    private func text(_ row: InputRow, _ names: [String]) throws(InputFlaw) -> String {
        if let template = self.settings.template { return try template.filled(row) }
        for name in names {
            guard let value = row[name], value != .null else { continue }
            guard let text = value.string else { throw InputFlaw(line: row.line, field: name, "it must be a text") }
            guard !text.isEmpty else { throw InputFlaw(line: row.line, field: name, "it is empty") }
            return text
        }
        let found = row.fields.map { "'\($0.key)'" }.joined(separator: ", ")
        throw InputFlaw(
            line: row.line, field: names[0], "it is missing; the row has \(found). Name the fields with --template")
    }

    private static func message(_ role: String, _ text: String) -> JSONValue {
        .object([JSONValue.Member("role", .string(role)), JSONValue.Member("content", .string(text))])
    }
}
