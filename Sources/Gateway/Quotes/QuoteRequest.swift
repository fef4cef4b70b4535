import OpenAIWire

/// One line of a job, as far as a quote needs it.
struct QuoteRequest: Sendable {
    let request: CountableRequest
    let model: String?
    /// Answers that are generated: choices times prompts; 0 for embeddings.
    let answers: Int64
    /// The limit of each answer, if the request has one.
    let outputMax: Int64?
    let chain: [UInt64]
    /// nil where nothing is generated, or the prompt is not one text after the other.
    let edges: PromptEdges?

    struct Flaw: Error {
        let code: String
        let message: String
    }

    /// Reads a line of a batch file or a bare request body.
    init(line: UnsafeRawBufferPointer) throws(Flaw) {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(parsing: line)
        } catch {
            throw Self.flaw(.invalidJSON(error))
        }
        guard value.kind == .object else {
            throw Flaw(code: "invalid_json_line", message: "A JSON object was expected, not \(value.kind.phrase).")
        }
        var body = value
        if value["custom_id"] != nil || value["body"] != nil {
            guard let inner = value["body"], inner.kind != .null else { throw Self.flaw(.missingParameter("body")) }
            guard inner.kind == .object else {
                throw Self.flaw(.invalidType("body", expected: "an object", got: inner.kind.phrase))
            }
            body = inner
        }
        guard let request = CountableRequest(body: body) else { throw Self.flaw(.missingPrompt("messages")) }
        self.request = request
        self.model = body["model"]?.string
        self.answers = Self.answers(body)
        self.outputMax = try Self.outputMax(body)
        self.edges = self.answers > 0 ? PromptEdges(request.prompt) : nil
        // Parsed a moment ago, so the same bytes cannot fail now.
        self.chain = (try? PromptPrefix.chain(body.encoded)) ?? []
    }

    private static func flaw(_ flaw: BatchLineFlaw) -> Flaw { Flaw(code: flaw.code, message: flaw.message) }

    private static func answers(_ body: JSONValue) -> Int64 {
        let isResponse = body["max_output_tokens"] != nil || body["instructions"] != nil
        let isChatInput = body["input"]?.array?.contains { $0.kind == .object } ?? false
        if body["messages"] == nil, body["prompt"] == nil, !isResponse, !isChatInput { return 0 }
        let each = max(body["n"]?.integer ?? 1, body["best_of"]?.integer ?? 1, 1)
        var prompts: Int64 = 1
        if let list = body["prompt"]?.array, list.first?.kind != .number { prompts = max(1, Int64(list.count)) }
        return min(each, RequestFacts.choicesMax) * prompts
    }

    private static func outputMax(_ body: JSONValue) throws(Flaw) -> Int64? {
        for name in ["max_completion_tokens", "max_tokens", "max_output_tokens"] {
            guard let value = body[name], value.kind != .null else { continue }
            guard let limit = value.integer, (0...1_000_000_000).contains(limit) else {
                throw Self.flaw(.invalidType("body.\(name)", expected: "an integer", got: value.kind.phrase))
            }
            return limit
        }
        return nil
    }
}
