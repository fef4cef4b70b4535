package import OpenAIWire

/// What kind of lines an input file has.
package enum InputFormat: String, CaseIterable, Sendable {
    /// OpenAI's batch lines: `custom_id`, `method`, `url`, `body`.
    case batch
    /// JSON objects with a prompt, messages, or fields for a template.
    case jsonl
    /// Comma-separated values with a header row.
    case csv
}

/// How an input file becomes batch lines.
package struct InputSettings: Sendable {
    /// nil: by what the file begins with.
    package var format: InputFormat?
    /// nil: chat completions, or what the batch lines say.
    package var endpoint: Endpoint?
    /// Given to lines that name no model.
    package var model: String?
    /// Given to lines that name no model when `model` is nil; one that a line names wins.
    package var onlyModel: String?
    package var template: PromptTemplate?
    /// Text of the system message.
    package var system: String?
    package var maxTokens: Int64?
    /// Body members that a line gets unless it has its own.
    package var parameters: [JSONValue.Member] = []
    /// Lines in one file at most.
    package var linesMax = 50_000

    package init() {}

    /// Members for every body, `max_tokens` included.
    var defaults: [JSONValue.Member] {
        var members = self.parameters
        if let maxTokens { members.append(JSONValue.Member("max_tokens", .integer(maxTokens))) }
        return members
    }
}
