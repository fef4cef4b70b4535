import OpenAIWire
import Quantities
import Routing
import Scheduling

/// Which changes a request's body needs on its way to one engine, and how the engine is asked.
struct EngineOrder: Sendable {
    var body: [UInt8]
    var isStream: Bool
    /// The engine was asked to say how far it is with the prompt, before the first token.
    private(set) var tellsProgress = false

    /// What a bought engine is asked for.
    enum AskedTier {
        /// What the client wrote.
        case asItCame
        case named(TierName)
        /// Nothing, whatever the request says.
        case unnamed
    }

    /// - Parameters:
    ///   - tier: engines of our own are asked for none.
    ///   - lane: where the request stood in our queue.
    ///   - slot: llama.cpp slot to use, for lines whose prefix is cached there.
    init(
        body: [UInt8], facts: RequestFacts, engine: Engine, engineModel: String, clientStreams: Bool,
        lane: Lane, slot: Int? = nil, tier: AskedTier = .asItCame
    ) {
        let endpoint = facts.endpoint
        let stream = endpoint.canStream && (clientStreams || engine.stream == .always)
        var edit = RequestEdit(facts)
        edit.replaceModel(with: engineModel)
        if endpoint.canStream {
            edit.setStream(stream)
            if stream { edit.setIncludeUsage() }
        }
        // Tiers are this gateway's; engines of our own know none.
        switch engine.kind.isOwned ? .unnamed : tier {
        case .asItCame: break
        case .named(let name):
            if endpoint == .chatCompletions { edit.set(.serviceTier, JSONWriter.quoted(name.text)) }
        case .unnamed: edit.removeServiceTier()
        }
        if !engine.kind.knowsCompletionLimit, let limit = facts.maxCompletionTokens, facts.maxTokens == nil {
            edit.set(.maxTokens, Array(String(limit).utf8))
        }
        // What an engine stores is not for its gateway's clients to decide, nor to be found (openai-api 5.6).
        if let store = facts[.store]?.value, body[store.range].elementsEqual("true".utf8) { edit.remove(.store) }
        if engine.takesPriorities, let priority = EnginePriority.of(lane, kind: engine.kind) {
            edit.setPriority(priority)
        }
        self.isStream = stream
        self.body = edit.apply(to: body)
        guard engine.kind.hasSlotCaches else { return }
        var members: [(name: StaticString, value: String)] = []
        if let slot { members.append(("id_slot", "\(slot)")) }
        if stream, lane == .batch, endpoint == .chatCompletions {
            members += [("return_progress", "true"), ("timings_per_token", "true")]
            self.tellsProgress = true
        }
        self.body = Self.inserting(members, into: self.body)
    }

    /// The call that asks the engine.
    ///
    /// - Parameter attempt: number of the attempt, which has a span of its own in `trace`.
    func request(
        to engine: Engine, _ endpoint: Endpoint, _ id: RequestID, attempt: Int, of trace: TraceContext?,
        home: (any Sendable)? = nil
    ) -> EngineRequest {
        var asked = EngineRequest(
            engine: engine, path: endpoint.enginePath, body: self.body, isStream: self.isStream, request: id,
            home: home)
        // It speaks before the first token, and may then be silent as long as a piece of the prompt takes.
        if self.tellsProgress {
            asked.engine.timeouts.idle = max(engine.timeouts.idle, engine.timeouts.firstToken)
        }
        asked.traceparent = trace?.header(attempt: attempt)
        return asked
    }

    /// What llama.cpp alone knows, for lines of batches: `id_slot` names the slot whose cache holds the prefix
    /// (scheduling 8.5), the others tell how much is lost with a cancel (`ComputedTokens`). A client's own ones stay.
    private static func inserting(_ members: [(name: StaticString, value: String)], into body: [UInt8]) -> [UInt8] {
        guard !members.isEmpty, let end = body.lastIndex(of: UInt8(ascii: "}")) else { return body }
        let missing = body.withUnsafeBytes { buffer in
            let view = try? JSONView(parsing: buffer)
            return members.filter { view?[$0.name] == nil }
        }
        let text = missing.map { ",\"\($0.name)\":\($0.value)" }.joined()
        return Array(body[..<end]) + Array(text.utf8) + Array(body[end...])
    }
}

extension CompletionCall.State {
    /// Tiers as sellers name them (openai-api 4.1); others are rows that the operator added, which no seller knows.
    private static let sellersTiers: Set<TierName> = [
        .standard, .flex, .priority, "auto", "fast", "scale", "ultrafast",
    ]

    /// What a bought engine is asked for: what the client wrote, unless its wishes led to another tier, or its word is
    /// the operator's own.
    var askedTier: EngineOrder.AskedTier {
        guard Self.sellersTiers.contains(self.tier.name) else { return .named(self.tier.lane.tier) }
        return self.isTierChosen ? .named(self.tier.name) : .asItCame
    }
}
