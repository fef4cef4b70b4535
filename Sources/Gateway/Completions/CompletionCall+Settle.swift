import Ledger
import Logging
import OpenAIWire
import Quantities
import Routing
import Synchronization

/// The end of a call: charge, durable, last byte.
extension CompletionCall {
    func settleWhole(_ answer: AnswerAssembly.Assembled) {
        let facts = answer.facts
        let usage = BillableUsage.of(
            facts.usage, bodyBytes: self.request.body.count,
            outputTokens: max(answer.contentPieces, Int64(answer.body.count / 4)))
        let served = self.servedTier(facts.serviceTier)
        self.settle(usage, model: facts.model, tier: served, outcome: .answered) { result, price in
            switch result {
            case .success:
                let body = self.encodingEmbeddings(facts.completed(answer.body, servedTier: served.text))
                self.sink.whole(
                    WholeAnswer(status: 200, body: body, tier: served, usage: usage, amount: price.amount))
            case .failure(let failure):
                self.sink.refused(GatewayError(failure))
            }
        }
    }

    /// SDKs ask for base64 and decode it blindly; an engine that answers floats is converted (openai-api 5.8).
    private func encodingEmbeddings(_ body: [UInt8]) -> [UInt8] {
        guard self.request.endpoint == .embeddings, self.request.facts.encodingFormat == "base64" else { return body }
        return (try? EmbeddingEncoding.base64(body)) ?? body
    }

    func settleStream(_ outcome: Charge.Outcome, last: [UInt8], failure: EngineFailure? = nil) {
        let (usage, pieces) = self.state.withLock { ($0.relay.usage, $0.relay.contentPieces) }
        let used = BillableUsage.of(usage, bodyBytes: self.request.body.count, outputTokens: pieces)
        self.settle(used, model: nil, tier: self.tier, outcome: outcome, failure: failure) { result, _ in
            switch result {
            case .success: self.sink.streamEnded(last)
            case .failure(let failure): self.sink.streamEnded(Self.errorEvent(GatewayError(failure)))
            }
        }
    }

    /// The stream broke after it began: bill what came, tell the client inside the stream.
    func settleBroken(_ failure: EngineFailure) {
        self.settleStream(.broken, last: Self.errorEvent(GatewayError(failure)), failure: failure)
    }

    static func errorEvent(_ error: GatewayError) -> [UInt8] {
        var bytes: [UInt8] = []
        SSEParser.append(error.bodyBytes.filter { $0 != 0x0A }, to: &bytes)
        return bytes
    }

    /// Nothing was produced: nothing is billed.
    func giveUp(_ failure: EngineFailure, held: Bool) {
        let isFirst = self.state.withLock { state -> Bool in
            defer { state.phase = .done }
            return state.phase != .done
        }
        guard isFirst else { return }
        if held { self.use.holds.settle(self.request.id, project: self.request.caller.project, actual: .zero) }
        self.finished(outcome: failure.label, usage: .zero, amount: nil, tier: self.tier)
        self.sink.refused(GatewayError(failure))
    }

    func clientGone() {
        let last = self.state.withLock { state -> (call: (any EngineCall)?, engine: EngineID?, usage: TokenUsage?)? in
            guard state.phase == .asking || state.phase == .answering else { return nil }
            state.phase = .done
            let pieces = state.relay.contentPieces + state.assembly.contentPieces
            // Between two attempts there is no engine: what the failed one had made is not billed.
            guard state.target != nil else { return (state.call, nil, nil) }
            var usage = state.relay.usage
            if usage == nil && pieces > 0 {
                usage = BillableUsage.of(nil, bodyBytes: self.request.body.count, outputTokens: pieces)
            }
            return (state.call, state.target?.engine, usage)
        }
        guard let last else { return }
        last.call?.cancel()
        guard let usage = last.usage else {
            // Nothing was made: free.
            if let engine = last.engine {
                self.use.engines.finished(
                    engine, failure: EngineFailure(.cancelled, message: "client gone"), now: self.use.clock.now)
            }
            self.use.holds.settle(self.request.id, project: self.request.caller.project, actual: .zero)
            self.finished(outcome: "cancelled", usage: .zero, amount: nil, tier: self.tier)
            return
        }
        self.settle(usage, model: nil, tier: self.tier, outcome: .cancelled) { _, _ in }
    }

    /// Bought engines say which tier served; ours served what was asked of us.
    private func servedTier(_ answered: String?) -> TierName {
        guard let answered, let engine = self.state.withLock({ $0.target?.engine }),
            self.use.engines.table.engines[engine]?.kind.isOwned == false
        else { return self.tier }
        return answered == "auto" ? self.tier : TierName(answered)
    }

    private func settle(
        _ usage: TokenUsage, model: String?, tier: TierName, outcome: Charge.Outcome, failure: EngineFailure? = nil,
        then: @escaping @Sendable (Result<CommitResult, StoreFailure>, Pricer.Price) -> Void
    ) {
        let now = self.use.clock.now
        guard let target = self.state.withLock({ $0.target }) else { return }
        let asked = self.request.facts.model
        let price = self.use.pricer.price(
            usage, names: [model ?? "", target.engineModel, asked], tier: tier, at: self.request.arrivedAt)
        let charge = Charge(
            request: self.request.id, project: self.request.caller.project, key: self.request.caller.key,
            endpoint: self.request.endpoint.path, engine: target.engine, requestedModel: asked,
            servedModel: model ?? target.engineModel,
            requestedTier: self.request.facts.serviceTier.map { TierName($0) }, servedTier: tier,
            startedAt: self.request.arrivedAt, finishedAt: now, usage: usage, amount: price.amount,
            listAmount: price.listAmount, priceVersion: price.version, outcome: outcome)
        self.use.engines.finished(target.engine, failure: failure, now: now)
        self.use.commits.commit(.charge(charge)) { result in
            self.state.withLock { $0.phase = .done }
            // What is not recorded was not charged.
            let charged = result == .success(.committed) ? price.amount : nil
            self.use.holds.settle(
                self.request.id, project: self.request.caller.project, actual: charged ?? .zero)
            self.finished(outcome: outcome.rawValue, usage: usage, amount: price.amount, tier: tier)
            if case .failure(let failure) = result {
                self.use.logger.error(
                    "charge not recorded", metadata: self.request.logged(["reason": "\(failure)"]))
            }
            then(result, price)
        }
    }

    private func finished(outcome: String, usage: TokenUsage, amount: Money?, tier: TierName) {
        self.use.ended()
        let first = self.state.withLock { $0.firstBytesAt }
        self.use.meters.requestFinished(
            FinishedRequest(
                model: self.request.facts.model, tier: tier, outcome: outcome, usage: usage, amount: amount,
                seconds: self.use.clock.now.since(self.request.arrivedAt).secondsApproximate,
                firstTokenSeconds: first?.since(self.request.arrivedAt).secondsApproximate))
    }
}
