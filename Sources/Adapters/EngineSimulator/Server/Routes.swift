import NIOCore
import NIOHTTP1
import OpenAIWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Finds out what a request wants and starts it.
struct Routes {
    enum Result {
        case plain(PlainAnswer)
        case exchange(Exchange.Answer, SimulatorCore.Start)
        /// The connection must be reset (fault `reset`).
        case reset
    }

    let core: SimulatorCore
    private let modelQuoted: [UInt8]
    private let authorization: String?

    var options: SimulatorOptions { self.core.options }

    init(core: SimulatorCore) {
        self.core = core
        self.modelQuoted = JSONWriter.quoted(core.options.model)
        self.authorization = core.options.apiKey.map { "Bearer \($0)" }
    }

    func route(_ head: HTTPRequestHead, _ body: ByteBuffer?, sink: ModelSink?) -> Result {
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts.first ?? ""
        if let authorization, path.hasPrefix("/v1/"), head.headers.first(name: "authorization") != authorization {
            self.core.note(.refused)
            return .plain(
                PlainAnswer(
                    status: .unauthorized, contentType: "application/json",
                    body: Array(#"{"error":"Unauthorized"}"#.utf8)))
        }
        switch (head.method, path) {
        case (.POST, "/v1/chat/completions"): return self.complete(.chat, head, body, sink)
        case (.POST, "/v1/completions"): return self.complete(.text, head, body, sink)
        case (.POST, "/v1/embeddings"): return self.embed(head, body, sink)
        case (.POST, "/tokenize"): return .plain(self.tokenize(body))
        case (.DELETE, "/simulator/log"):
            self.core.resetLog()
            return .plain(PlainAnswer(json: Array(#"{"simulated":true,"reset":true}"#.utf8)))
        case (.GET, _), (.HEAD, _):
            return .plain(self.page(String(path), query: parts.count > 1 ? String(parts[1]) : ""))
        default: return .plain(self.unknown(String(path)))
        }
    }

    private func complete(
        _ kind: CompletionAsk.Kind, _ head: HTTPRequestHead, _ body: ByteBuffer?, _ sink: ModelSink?
    ) -> Result {
        let ask: CompletionAsk
        do throws(RequestRefusal) {
            ask = try self.parse(body) { (bytes) throws(RequestRefusal) in try CompletionAsk(kind: kind, parsing: bytes)
            }
            try self.check(model: ask.model)
            try self.checkLength(ask)
        } catch {
            return self.refuse(error)
        }
        let frame = self.frame(ask)
        let chain = Self.joined(ask.prompts).chain(blockTokens: self.options.cacheBlockTokens)
        let start = self.core.begin(
            mark: head.headers.first(name: "x-ebb-line") ?? ask.mark ?? "", steering: Self.steering(head), sink: sink
        ) { id in
            var request = ModelRequest(
                id: id, promptTokens: ask.promptTokens, chain: chain, outputTokens: frame.plans[0].tokens)
            if frame.plans.count > 1 { request.otherOutputs = frame.plans.dropFirst().map(\.tokens) }
            request.wantsTokens = ask.isStream
            request.slot = ask.slot
            return request
        }
        let answered = frame.numbered(start.id)
        return self.exchange(
            start,
            ask.isStream
                ? .stream(StreamedAnswer(frame: answered, includesUsage: ask.includesUsage)) : .whole(answered))
    }

    private func frame(_ ask: CompletionAsk) -> AnswerFrame {
        var room: Int?
        if ask.limit == nil { room = max(1, self.options.context - ask.promptTokens) }
        let naturalMax = min(self.options.outputTokensMax, room ?? self.options.outputTokensMax)
        let plans = (0..<ask.choices).map { choice in
            let prompt = ask.prompts[choice / ask.samples]
            let seed = StableHash.combine(self.options.seed &+ UInt64(choice % ask.samples), prompt.hash)
            return OutputPlan(
                form: ask.form, seed: seed, tokensMax: naturalMax, limit: ask.limit, ignoresEnd: ask.ignoresEnd,
                reasons: ask.reasons)
        }
        return AnswerFrame(
            isChat: ask.kind == .chat, id: "", created: time(nil), modelQuoted: self.modelQuoted,
            promptTokens: ask.promptTokens, plans: plans,
            toolQuoted: ask.form == .toolCall ? JSONWriter.quoted(ask.toolName) : [], hasLogprobs: ask.hasLogprobs)
    }

    private func embed(_ head: HTTPRequestHead, _ body: ByteBuffer?, _ sink: ModelSink?) -> Result {
        let ask: EmbeddingAsk
        do throws(RequestRefusal) {
            ask = try self.parse(body) { (bytes) throws(RequestRefusal) in try EmbeddingAsk(parsing: bytes) }
            try self.check(model: ask.model)
            if let long = ask.inputs.first(where: { $0.tokens > self.options.context }) {
                throw RequestRefusal.tooLong(
                    context: self.options.context, prompt: long.tokens, limit: 0, param: "input")
            }
        } catch {
            return self.refuse(error)
        }
        let chain = Self.joined(ask.inputs).chain(blockTokens: self.options.cacheBlockTokens)
        let start = self.core.begin(
            mark: head.headers.first(name: "x-ebb-line") ?? ask.mark ?? "", steering: Self.steering(head), sink: sink
        ) { id in ModelRequest(id: id, promptTokens: ask.tokens, chain: chain, outputTokens: 0) }
        return self.exchange(start, .embeddings(ask))
    }

    private func exchange(_ start: SimulatorCore.Start, _ answer: Exchange.Answer) -> Result {
        if start.isTaken { return .exchange(answer, start) }
        switch start.fault {
        case .hang: return .exchange(.never, start)
        case .reset:
            self.core.note(.fault)
            return .reset
        case .some(let fault):
            self.core.note(.fault)
            return .plain(PlainAnswer(refusal: .fault(fault), retryAfterSeconds: self.options.retryAfterSeconds))
        case nil:
            self.core.note(.refused)
            return .plain(PlainAnswer(refusal: .lineFull, retryAfterSeconds: self.options.retryAfterSeconds))
        }
    }

    private func refuse(_ refusal: RequestRefusal) -> Result {
        self.core.note(.refused)
        return .plain(PlainAnswer(refusal: refusal))
    }

    private static func steering(_ head: HTTPRequestHead) -> SimulatorCore.Steering {
        SimulatorCore.Steering(
            fault: head.headers.first(name: "x-simulate-fault").flatMap(FaultKind.init(rawValue:)),
            label: head.headers.first(name: "x-simulate-label"))
    }

    private static func joined(_ prompts: [PromptText]) -> PromptText {
        guard prompts.count > 1 else { return prompts.first ?? PromptText() }
        var all = PromptText()
        for prompt in prompts { all.append(prompt.bytes) }
        return all
    }
}
