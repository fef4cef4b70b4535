import Batching
import OpenAIWire

/// One line of a job, as far as a quote needs it.
struct QuoteRequest: Sendable {
    let request: CountableRequest
    let model: String?
    /// It can name a tier.
    let isChat: Bool
    /// Answers that are generated: choices times prompts; 0 for embeddings.
    let answers: Int64
    /// The limit of each answer, if the request has one.
    let outputMax: Int64?
    let chain: [UInt64]
    /// nil where nothing is generated, or the prompt is not one text after the other.
    let edges: PromptEdges?

    /// Reads a line of a batch file or a bare request body.
    ///
    /// - Throws: what a batch's validation says of such a line.
    init(line: UnsafeRawBufferPointer, number: Int) throws(LineRefusal) {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(parsing: line)
        } catch {
            throw LineRefusal(
                LineError(
                    code: .invalidJSONLine, message: "This line is not parseable as valid JSON: \(error.sentence).",
                    line: number))
        }
        guard value.kind == .object else {
            throw LineRefusal(
                LineError(
                    code: .invalidJSONLine, message: "A JSON object was expected, not \(value.kind.phrase).",
                    line: number))
        }
        var body = value
        if value["custom_id"] == nil, value["body"] == nil {
            body = Self.asChat(value)
        } else {
            guard let inner = value["body"], inner.kind != .null else {
                throw LineRefusal(.missing("body", line: number))
            }
            guard inner.kind == .object else {
                throw LineRefusal(.wrongType("body", expected: "an object", line: number))
            }
            body = inner
        }
        guard let request = CountableRequest(body: body) else {
            throw LineRefusal(.required("messages", line: number))
        }
        self.request = request
        self.model = body["model"]?.string
        self.isChat = body["messages"] != nil
        self.answers = Self.answers(body)
        self.outputMax = try Self.outputMax(body, number)
        self.edges = self.answers > 0 ? PromptEdges(request.prompt) : nil
        // Parsed a moment ago, so the same bytes cannot fail now.
        self.chain = (try? PromptPrefix.chain(body.encoded)) ?? []
    }

    /// A row with a text as its prompt is a question to a chat model, as `ebb run` makes one of it; completions are
    /// batch lines.
    private static func asChat(_ row: JSONValue) -> JSONValue {
        guard row["messages"] == nil, let prompt = row["prompt"], prompt.string != nil, let members = row.members
        else { return row }
        let message = JSONValue.object([.init("role", .string("user")), .init("content", prompt)])
        return .object(members.filter { $0.key != "prompt" } + [.init("messages", .array([message]))])
    }

    private static func answers(_ body: JSONValue) -> Int64 {
        let isResponse = body["max_output_tokens"] != nil || body["instructions"] != nil
        let isChatInput = body["input"]?.array?.contains { $0.kind == .object } ?? false
        if body["messages"] == nil, body["prompt"] == nil, !isResponse, !isChatInput { return 0 }
        let each = max(body["n"]?.integer ?? 1, body["best_of"]?.integer ?? 1, 1)
        var prompts: Int64 = 1
        if let list = body["prompt"]?.array, list.first?.kind != .number { prompts = max(1, Int64(list.count)) }
        return min(each, RequestFacts.choicesMax) * prompts
    }

    private static func outputMax(_ body: JSONValue, _ line: Int) throws(LineRefusal) -> Int64? {
        for name in ["max_completion_tokens", "max_tokens", "max_output_tokens"] {
            guard let value = body[name], value.kind != .null else { continue }
            guard let limit = value.integer, (0...1_000_000_000).contains(limit) else {
                throw LineRefusal(.wrongType("body.\(name)", expected: "an integer", line: line))
            }
            return limit
        }
        return nil
    }
}

/// A line that cannot be quoted.
struct LineRefusal: Error {
    let error: LineError

    init(_ error: LineError) { self.error = error }
}
