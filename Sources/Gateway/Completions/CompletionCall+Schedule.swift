import Ledger
import OpenAIWire
import Quantities
import Routing
import Scheduling
import Synchronization

/// A call and the scheduler: waiting, losing a place, falling back, being refused.
extension CompletionCall {
    /// Asks for a place at an engine.
    ///
    /// - Parameter targets: the model's engines where they were just looked up.
    func enqueue(_ targets: [EngineTarget]? = nil) {
        let now = self.use.clock.now
        let targets = targets ?? self.targets
        let key = self.use.scheduler.newKey()
        struct Place {
            let tier: Tier
            let since: Instant
            let tried: [EngineID]
            let hasFailed: Bool
            let waited: Duration
        }
        let place = self.state.withLock { state -> Place? in
            guard state.phase == .queued else { return nil }
            state.key = key
            state.path.queued(now)
            return Place(
                tier: state.tier, since: state.tierSince, tried: state.tried, hasFailed: state.failures > 0,
                waited: state.path.waited(at: now))
        }
        guard let place else { return }
        let tier = place.tier
        let giveUpAt = self.giveUpAt(tier, since: place.since)
        let fallsBackAt = self.fallsBackAfter(tier).map { now.advanced(by: $0 - place.waited) }
        let patience = min(tier.patience, max(.zero, min(giveUpAt, fallsBackAt ?? giveUpAt).since(now)))
        // Engines that are away are soon asked again, if only to see: who has not tried and may wait does.
        if place.hasFailed || patience == .zero, self.isOutOfReach {
            return self.giveUp(.outOfReach, waiting: key)
        }
        var work = WorkRequest(
            key: key, lane: tier.lane, project: self.request.caller.project, pool: PoolID(self.request.facts.model),
            promptTokens: self.request.promptTokensGuessed,
            outputTokens: Self.expectedOutput(self.request.facts.maxTokens), patience: patience, giveUpAt: giveUpAt)
        work.fallsBackAt = fallsBackAt
        work.avoided = place.tried
        work.tier = tier.name
        if targets.count > 1 { work.affinity = PromptAffinity.of(self.request.facts, self.request.body) }
        work.fallsBack = self.fallback.map { $0.tier != tier.name } ?? false
        self.use.scheduler.submit(self, work)
    }

    /// What an answer is taken to be long when the request says nothing.
    static let outputTokensUsual: Int64 = 256

    /// What an answer is taken to be long where its time is asked for: an engine rarely uses up what it is allowed.
    ///
    /// Every prediction of time begins with this, as what was learnt of answers is a ratio to it.
    static func expectedOutput(_ maxTokens: Int64?) -> Int {
        Int(clamping: min(maxTokens ?? Self.outputTokensUsual, Self.outputTokensUsual * 4))
    }

    private func giveUpAt(_ tier: Tier, since: Instant) -> Instant {
        let own = since.advanced(by: tier.waitMax)
        return min(own, self.request.clientGivesUpAt ?? own)
    }

    /// After how much waiting the request goes on in another tier: the scheduler then refuses it, and `refused` takes
    /// it on.
    private func fallsBackAfter(_ tier: Tier) -> Duration? {
        fallback.flatMap { $0.tier == tier.name ? nil : $0.after }
    }

    /// Whether the refusal of an engine is one that the caller's fallback is for. Where flex has no room it is one at
    /// once, when no other engine is left to ask; a lack of room that may be over in a moment is one after the retries.
    /// Never a limit of pace: tiers share it (openai-api 4.4).
    func goesOn(after failure: EngineFailure, _ decision: RetryRule.Decision, from tier: Tier) -> Bool {
        guard let fallback, fallback.tier != tier.name, self.use.tiers.tier(fallback.tier) != nil,
            failure.kind == .capacity, !failure.produced, !failure.isOfPace
        else { return false }
        return switch decision {
        case .elsewhere: false
        case .after: failure.isOfFlex(tier)
        case .giveUp: true
        }
    }

    /// An engine had no room for it in this tier.
    func goOn(from tier: Tier) {
        self.use.scheduler.send(.refusedByEngine(tier.lane, fallsBack: true))
        _ = self.fallBack(from: tier.name, key: nil)
    }

    /// Goes on in the tier that the caller wishes instead, if it still waits.
    ///
    /// - Parameter key: the place that it gives up; nil: it has none.
    private func fallBack(from name: TierName, key: WorkKey?) -> Bool {
        guard let fallback, fallback.tier != name, let tier = self.use.tiers.tier(fallback.tier) else { return false }
        let now = self.use.clock.now
        let isOurs = self.state.withLock { state -> Bool in
            guard state.phase == .queued, state.tier.name == name, state.key == key else { return false }
            state.tier = tier
            state.tierSince = now
            state.isTierChosen = true
            // No engine has failed in that tier.
            state.failures = 0
            state.tried = []
            state.key = nil
            state.path.fellBack(to: tier.name, now)
            return true
        }
        guard isOurs else { return false }
        if let key { self.use.scheduler.send(.gone(key)) }
        self.enqueue()
        return true
    }

    var outputTokens: Int {
        self.state.withLock { Int(clamping: $0.relay.contentPieces + $0.assembly.contentPieces) }
    }

    func refused(key: WorkKey, retryAfter: Duration) {
        let tier = self.state.withLock { $0.phase == .queued && $0.key == key ? $0.tier : nil }
        guard let tier, !self.fallBack(from: tier.name, key: key) else { return }
        // Not for want of room.
        if tier.lane.isInteractive, self.isOutOfReach { return self.giveUp(.outOfReach, waiting: key) }
        self.refuse(tier, key: key, retryAfter: retryAfter)
    }

    func stranded(key: WorkKey) { self.giveUp(.outOfReach, waiting: key) }

    /// None of the model's engines could be reached of late.
    private var isOutOfReach: Bool {
        let now = self.use.clock.now
        return !self.targets.contains { self.use.engines.isAvailable($0.engine, now: now) }
    }

    var identity: WorkIdentity {
        WorkIdentity(request: self.request.id, project: self.request.caller.project)
    }

    var trace: RequestTrace { self.trace(self.state.withLock { $0.path }) }

    func trace(_ path: RequestPath) -> RequestTrace {
        RequestTrace(request: self.request.id, project: self.request.caller.project, path: path)
    }

    func found(_ outlook: Outlook) { self.state.withLock { $0.path.found(outlook) } }

    /// Goes where the scheduler has it: of two threads that tell it what was decided, the later may come first.
    func preempted(key: WorkKey, by: WorkIdentity?) -> Bool {
        struct Lost {
            var call: (any EngineCall)?
            var target: EngineTarget?
            /// It has another place by now, of which it may have been told while it had the old one.
            var next: EngineID?
        }
        let now = self.use.clock.now
        let lost = self.state.withLock { state -> Lost? in
            guard state.key == key else { return nil }
            let engine = self.use.scheduler.engine(of: key)
            // Its place was taken before it was told of it: it waits as it did.
            if state.phase == .queued { return Lost(next: engine) }
            guard state.phase == .asking || state.phase == .answering, !state.streamBegan else { return nil }
            // Taken and given again.
            if let engine, engine == state.target?.engine { return Lost() }
            defer {
                state.phase = .queued
                state.target = nil
                state.call = nil
                state.firstBytesAt = nil
                state.gaps = GapMeter()
                state.path.preempted(by: by?.seen(by: self.request.caller.project), now)
            }
            return Lost(call: state.call, target: state.target, next: engine)
        }
        guard let lost else { return false }
        lost.call?.cancel()
        if let target = lost.target { self.use.engines.released(target, now: self.use.clock.now) }
        if let engine = lost.next { self.dispatched(to: engine, key: key) }
        return true
    }

    /// Takes the request out of the scheduler, if it is in there.
    func leaveScheduler() {
        let key = self.state.withLock { state -> WorkKey? in
            defer { state.key = nil }
            return state.key
        }
        if let key { self.use.scheduler.send(.gone(key)) }
    }

    func finishScheduled(_ usage: TokenUsage, isWhole: Bool) {
        let key = self.state.withLock { state -> WorkKey? in
            defer { state.key = nil }
            return state.key
        }
        guard let key else { return }
        self.use.scheduler.send(isWhole ? .finished(key, WorkUsage(usage)) : .gone(key))
    }

    /// 429 for want of room at the gateway.
    private func refuse(_ tier: Tier, key: WorkKey, retryAfter: Duration) {
        let isFirst = self.state.withLock { state -> Bool in
            guard state.phase == .queued, state.key == key else { return false }
            state.phase = .done
            state.key = nil
            return true
        }
        guard isFirst else { return }
        let answer: ErrorBody = tier.lane.isInteractive ? .overloadedForNow : .resourceUnavailable
        self.endRefused(tier, GatewayError(source: .gateway, retry: .afterDelay(retryAfter), answer: answer))
    }

    /// The end of a request that was refused for want of room: not charged; the ledger keeps that it was refused.
    func endRefused(_ tier: Tier, _ error: GatewayError) {
        self.use.holds.settle(self.request.id, project: self.request.caller.project, actual: .zero)
        self.finished(outcome: Charge.Outcome.refused.rawValue, usage: .zero, amount: nil, tier: tier.name)
        self.use.meters.count(.rejected, error.answer.code ?? "none")
        self.use.commits.commit(.charge(self.refusal(tier))) { [sink] _ in sink.refused(error) }
    }

    func accessChanged(key: WorkKey) {
        guard !self.use.isLive(self.request.caller) else { return }
        self.refuseUnsent(key, .client(.revokedKey), outcome: "revoked")
    }

    /// Nothing ran: nothing is charged.
    func refuseUnsent(_ key: WorkKey, _ error: GatewayError, outcome: String) {
        let isFirst = self.state.withLock { state -> Bool in
            guard state.phase == .queued, state.key == key else { return false }
            state.phase = .done
            return true
        }
        guard isFirst else { return }
        self.leaveScheduler()
        self.use.holds.settle(self.request.id, project: self.request.caller.project, actual: .zero)
        self.finished(outcome: outcome, usage: .zero, amount: nil, tier: self.tier)
        self.use.meters.count(.rejected, error.answer.code ?? "none")
        self.sink.refused(error)
    }

    /// The entry that counts it, which may be that of an earlier one.
    private func refusal(_ tier: Tier) -> Charge {
        let asked = self.request.facts.model
        let now = self.use.clock.now
        return Charge(
            request: self.use.refusals.entry(of: self.request, tier: tier.name, now: now),
            project: self.request.caller.project, key: self.request.caller.key,
            endpoint: self.request.endpoint.path, engine: "", requestedModel: asked, servedModel: asked,
            requestedTier: self.request.facts.serviceTier.map { TierName($0) }, servedTier: tier.name,
            startedAt: self.request.arrivedAt, finishedAt: now, usage: .zero, amount: .zero,
            listAmount: .zero, priceVersion: "", outcome: .refused)
    }
}

extension EngineFailure {
    fileprivate static let outOfReach = EngineFailure(.unreachable, message: "no engine is available")
}

extension CompletionCall.State {
    func isOf(_ attempt: Int?) -> Bool { attempt == nil || attempt == self.attempt }

    mutating func signals(at now: Instant) -> Signals {
        var signals = Signals(key: self.key, engine: self.target?.engine, at: now)
        if self.firstBytesAt == nil {
            self.firstBytesAt = now
            self.path.began(now)
            signals.isFirst = true
        }
        signals.gap = self.gaps.read(at: now)
        if signals.gap != nil { signals.tier = self.tier.name }
        return signals
    }
}
