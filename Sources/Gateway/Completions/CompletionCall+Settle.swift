import Ledger
import Logging
import OpenAIWire
import Quantities
import Routing
import Scheduling
import Synchronization

/// The end of a call: charge, durable, last byte.
extension CompletionCall {
    func settleWhole(_ answer: AnswerAssembly.Assembled) {
        let facts = answer.facts
        let usage = self.billable(facts.usage, outputTokens: answer.outputTokensEstimate)
        let served = self.servedTier(facts.serviceTier)
        // SDKs ask for base64 and decode it blindly; an engine that answers floats is converted. Before the commit, as
        // all others' commits wait for what is done after it.
        let body = EmbeddingEncoding.asAsked(
            facts.completed(answer.body, servedTier: served.text), self.request.facts, self.request.endpoint)
        self.settle(usage, model: facts.model, tier: served, outcome: .answered) { result, price in
            switch result {
            case .success:
                self.sink.whole(
                    WholeAnswer(status: 200, body: body, tier: served, usage: usage, amount: price.amount))
            case .failure(let failure):
                self.sink.refused(GatewayError(failure))
            }
        }
    }

    private func billable(_ reported: TokenUsage?, outputTokens: @autoclosure () -> Int64) -> TokenUsage {
        let target = self.state.withLock { $0.target }
        return UsageEstimate(
            facts: self.request.facts, body: self.request.body, engineModel: target?.engineModel ?? ""
        ).billable(reported, outputTokens: outputTokens())
    }

    func settleStream(_ outcome: Charge.Outcome, last: [UInt8], failure: EngineFailure? = nil) {
        let relay = self.state.withLock { $0.relay }
        let used = self.billable(relay.usage, outputTokens: relay.contentPieces)
        let tier = self.servedTier(relay.answeredTier)
        self.settle(used, model: relay.model, tier: tier, outcome: outcome, failure: failure) { result, _ in
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
    ///
    /// - Parameter key: where it waited; nil: it has ended at an engine. Who has got a place there meanwhile goes on.
    func giveUp(_ failure: EngineFailure, waiting key: WorkKey? = nil) {
        let (isFirst, tier) = self.state.withLock { state in
            let isFirst = key == nil ? state.phase == .committing : state.phase == .queued && state.key == key
            if isFirst { state.phase = .done }
            return (isFirst, state.tier)
        }
        guard isFirst else { return }
        self.leaveScheduler()
        let error = GatewayError(failure, isFlex: !tier.lane.isInteractive)
        if failure.isOfFlex(tier) {
            self.use.scheduler.send(.refusedByEngine(tier.lane, fallsBack: false))
            return self.endRefused(tier, error)
        }
        self.use.holds.settle(self.request.id, project: self.request.caller.project, actual: .zero)
        self.finished(outcome: failure.label, usage: .zero, amount: nil, tier: tier.name)
        self.sink.refused(error)
    }

    func clientGone() {
        struct Last {
            let call: (any EngineCall)?
            /// nil between two attempts: what the failed one had made is not billed.
            let target: EngineTarget?
            let hasAnswered: Bool
            let pieces: Int64
            let relay: StreamRelay
        }
        let last = self.state.withLock { state -> Last? in
            guard state.phase == .queued || state.phase == .asking || state.phase == .answering else { return nil }
            let hasAnswered = state.phase == .answering
            state.phase = .done
            return Last(
                call: state.call, target: state.target, hasAnswered: hasAnswered,
                pieces: state.relay.contentPieces + state.assembly.contentPieces, relay: state.relay)
        }
        guard let last else { return }
        last.call?.cancel()
        guard last.target != nil, last.relay.usage != nil || last.pieces > 0 else {
            // Nothing was made: free.
            self.leaveScheduler()
            if let target = last.target { self.leave(target, hasAnswered: last.hasAnswered) }
            self.use.holds.settle(self.request.id, project: self.request.caller.project, actual: .zero)
            self.finished(outcome: "cancelled", usage: .zero, amount: nil, tier: self.tier)
            return
        }
        self.settle(
            self.billable(last.relay.usage, outputTokens: last.pieces), model: last.relay.model,
            tier: self.servedTier(last.relay.answeredTier), outcome: .cancelled
        ) { _, _ in }
    }

    /// A client that left before the engine said anything says nothing about the engine.
    private func leave(_ target: EngineTarget, hasAnswered: Bool) {
        let now = self.use.clock.now
        if hasAnswered {
            let failure = EngineFailure(.cancelled, message: "client gone")
            self.use.engines.finished(target, of: self.request.id, failure: failure, now: now)
        } else {
            self.use.engines.released(target, now: now)
        }
    }

    /// Bought engines say which tier served; ours served what was asked of us.
    func servedTier(_ answered: String?) -> TierName {
        guard let named = answered.flatMap({ TierName(answered: $0) }),
            let engine = self.state.withLock({ $0.target?.engine }),
            self.use.engines.table.engines[engine]?.kind.isOwned == false
        else { return self.tier }
        return named
    }

    private func settle(
        _ usage: TokenUsage, model: String?, tier: TierName, outcome: Charge.Outcome, failure: EngineFailure? = nil,
        then: @escaping @Sendable (Result<CommitResult, StoreFailure>, Pricer.Price) -> Void
    ) {
        let now = self.use.clock.now
        let place = self.state.withLock { state in state.target.map { ($0, state.sentAt ?? self.request.arrivedAt) } }
        guard let (target, sentAt) = place else { return }
        let asked = self.request.facts.model
        let price = self.use.pricer.price(
            usage, names: [model ?? "", target.engineModel, asked], tier: tier, at: sentAt)
        if price.amount == nil { self.use.unpriced.note(price, self.use.logger) }
        let charge = Charge(
            request: self.request.id, project: self.request.caller.project, key: self.request.caller.key,
            endpoint: self.request.endpoint.path, engine: target.engine, requestedModel: asked,
            servedModel: model ?? target.engineModel,
            requestedTier: self.request.facts.serviceTier.map { TierName($0) }, servedTier: tier,
            startedAt: self.request.arrivedAt, finishedAt: now, usage: usage, amount: price.amount,
            listAmount: price.listAmount, priceVersion: price.version, outcome: outcome)
        self.use.engines.finished(target, of: self.request.id, failure: failure, now: now)
        self.finishScheduled(usage, isWhole: outcome != .cancelled)
        self.use.commits.commit(.charge(charge)) { result in
            self.state.withLock { $0.phase = .done }
            // What is not recorded was not charged.
            var charged: Money?
            if case .success(.committed) = result { charged = price.amount }
            self.use.holds.settle(
                self.request.id, project: self.request.caller.project, actual: charged ?? .zero)
            self.finished(
                outcome: outcome.rawValue, usage: usage, amount: price.amount, tier: tier, charge: charge)
            if case .failure(let failure) = result {
                self.use.logger.error(
                    "charge not recorded", metadata: self.request.logged(["reason": "\(failure)"]))
            }
            then(result, price)
        }
    }

    func finished(outcome: String, usage: TokenUsage, amount: Money?, tier: TierName, charge: Charge? = nil) {
        let now = self.use.clock.now
        let (first, path, attempt) = self.state.withLock { state in
            state.path.ended(outcome, now)
            return (state.firstBytesAt, state.path, state.attempt)
        }
        let way = self.trace(path)
        self.use.history.keep(way)
        var facts = FinishedRequest(
            model: self.request.facts.model, tier: tier, outcome: outcome, usage: usage, amount: amount,
            seconds: now.seconds(since: self.request.arrivedAt),
            firstTokenSeconds: first?.seconds(since: self.request.arrivedAt))
        facts.tierAtArrival = path.tier
        facts.waitSeconds = path.waitedSeconds
        facts.predictedWaitSeconds = path.outlook.flatMap { $0.predictedWait > 0 ? $0.predictedWait : nil }
        self.use.meters.requestFinished(facts)
        if let context = self.traceContext, context.isSampled {
            var traced = TracedRequest(
                context: context, way: way, endpoint: self.request.endpoint, requestedModel: facts.model,
                servedTier: tier, lastAttempt: attempt,
                engines: self.use.engines.table.engines)
            traced.servedModel = charge?.servedModel
            traced.engineEndedAt = charge?.finishedAt
            traced.requestedTier = self.request.facts.serviceTier
            traced.usage = charge?.usage
            traced.amount = charge?.amount
            self.use.tracer?.ended(traced)
        }
    }
}
