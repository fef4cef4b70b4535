import OpenAIWire
public import Routing

/// Asks an engine what it is: models, kind, slots, tokenizer and metrics endpoints. What it did not tell stays nil.
public struct EngineDiscovery: Sendable {
    /// Questions are small; an engine that needs longer counts as unreachable.
    public static let questionTimeout: Duration = .seconds(5)
    /// A model may have to be loaded before its first token.
    public static let generationTimeout: Duration = .seconds(30)

    private let client: any EngineClient

    public init(client: any EngineClient) { self.client = client }

    /// - Parameter kind: as configured; nil: found out from the answers.
    public func report(_ engine: Engine, kind: EngineKind?) async -> EngineReport {
        var report = EngineReport(engine: engine.id, url: engine.url.description, kind: kind ?? .openai)
        let questions = EngineQuestions(client: self.client, engine: engine)
        let list: ModelList
        switch await questions.models() {
        case .failure(let failure):
            report.problem = failure.status.map { "status \($0): \(failure.message)" } ?? failure.message
            return report
        case .success(nil):
            report.problem = "it answers, but not with a list of models"
            return report
        case .success(.some(let answer)):
            list = answer
        }
        report.isReachable = true
        report.models = list.names
        if kind == nil {
            if let signed = list.kind {
                report.kind = signed
            } else if !engine.url.isTLS {
                report.kind = await questions.guessKind() ?? .openai
            }
        }
        guard report.kind.isOwned else { return report }
        await self.describe(&report, questions)
        report.tokenizer = await questions.tokenizer(report.kind, model: report.models.first)
        report.metrics = await questions.metrics()
        return report
    }

    /// What only some kinds tell.
    private func describe(_ report: inout EngineReport, _ questions: EngineQuestions) async {
        switch report.kind {
        case .llamacpp:
            guard let properties = await questions.json("/props") else { return }
            report.slots = properties["total_slots"]?.count
            report.callsTools = properties["chat_template_caps"]?["supports_tool_calls"]?.bool
        case .sglang:
            guard let properties = await questions.serverInformation() else { return }
            report.slots = properties["max_running_requests"]?.count
            // Without a parser the calls stay text.
            if let parser = properties["tool_call_parser"] { report.callsTools = parser.string != nil }
        case .ollama:
            report.callsTools = await questions.ollamaTools(models: report.models)
        case .openai, .vllm, .simulated:
            break
        }
    }

    /// Whether a chat answer of one token comes as a stream: the only question that makes the engine work, and costs
    /// money where tokens do.
    ///
    /// - Returns: nil when the model answers no chat (an embedding model) or not at all.
    public func streams(_ engine: Engine, model: String) async -> Bool? {
        let body = JSONValue.object([
            .init("model", .string(model)),
            .init(
                "messages", .array([.object([.init("role", .string("user")), .init("content", .string("Hi"))])])),
            .init("max_tokens", .integer(1)), .init("stream", .bool(true)),
        ])
        let answer = await EngineQuestions(client: self.client, engine: engine).ask(
            engine.url.pathPrefix + "/chat/completions", body: body.encoded, timeout: Self.generationTimeout)
        guard case .success(let answer) = answer else { return nil }
        return AnswerHead(status: answer.status, contentType: answer.contentType).isEventStream
    }
}

extension JSONValue {
    /// A number of requests at one time, within what may be configured; others are taken for nonsense.
    fileprivate var count: Int? { self.integer.flatMap { (1...100_000).contains($0) ? Int($0) : nil } }
}
