import Logging
import Quantities
import Routing
import Scheduling
import Synchronization

/// What becomes of a call whose attempt has failed.
extension CompletionCall {
    func failed(_ failure: EngineFailure, of attempt: Int?) {
        enum Next {
            case ignore, broken(EngineID), unreached(EngineTarget, WorkKey), give(EngineTarget, WorkKey?)
            case retry(EngineTarget, WorkKey?, RetryRule.Decision), goOn(EngineTarget, WorkKey?, from: Tier)
        }
        let targets = self.targets
        let now = self.use.clock.now
        let next = self.state.withLock { state -> Next in
            guard state.phase == .asking || state.phase == .answering, state.isOf(attempt),
                let target = state.target
            else { return .ignore }
            // Once the client has a byte of the answer nothing may be replayed.
            if state.streamBegan {
                state.phase = .committing
                state.path.broke(failure.reason, now)
                return .broken(target.engine)
            }
            if let key = state.key, !state.tier.lane.isInteractive, failure.isOfReach {
                state.phase = .queued
                state.target = nil
                state.call = nil
                state.path.failed(failure.reason, now)
                return .unreached(target, key)
            }
            var failure = failure
            // A client that has seen nothing may get another answer, but what a bought engine made is paid for.
            let isBought = self.use.engines.table.engines[target.engine]?.kind.isOwned == false
            let pieces = state.assembly.contentPieces + state.relay.contentPieces
            failure.produced = isBought && (failure.produced || pieces > 0)
            let decision = self.decide(failure, of: target, among: targets, now, &state)
            // In the same breath: nobody may take back, by the key, what ends here.
            let key = state.key
            state.key = nil
            state.target = nil
            state.call = nil
            if self.goesOn(after: failure, decision, from: state.tier) {
                state.phase = .queued
                state.path.failed(failure.reason, now)
                return .goOn(target, key, from: state.tier)
            }
            state.phase = decision == .giveUp ? .committing : .queued
            if decision == .giveUp { return .give(target, key) }
            if decision != .elsewhere { state.tried = [] }
            state.path.failed(failure.reason, now)
            return .retry(target, key, decision)
        }
        switch next {
        case .ignore: return
        case .broken(let engine):
            self.report(failure, engine)
            self.settleBroken(failure)
        case .unreached(let target, let key): self.waitAgain(failure, target, key)
        case .give(let target, let key):
            self.note(failure, target, key)
            self.giveUp(failure)
        case .retry(let target, let key, let decision):
            self.note(failure, target, key)
            guard case .after(let pause) = decision else { return self.enqueue() }
            self.use.timers.after(pause) { self.enqueue() }
        case .goOn(let target, let key, let tier):
            self.note(failure, target, key)
            self.goOn(from: tier)
        }
    }

    /// It has time: no attempt is used up by an engine that nobody reaches, and it waits for one that somebody does, in
    /// its old place.
    private func waitAgain(_ failure: EngineFailure, _ target: EngineTarget, _ key: WorkKey) {
        self.use.engines.finished(target, of: self.request.id, failure: failure, now: self.use.clock.now)
        self.report(failure, target.engine)
        self.use.scheduler.unreached(key, at: target.engine)
        // It may have got the place again before that was told.
        _ = self.preempted(key: key, by: nil)
    }

    private func decide(
        _ failure: EngineFailure, of target: EngineTarget, among targets: [EngineTarget], _ now: Instant,
        _ state: inout State
    ) -> RetryRule.Decision {
        if !state.tried.contains(target.engine) { state.tried.append(target.engine) }
        state.failures += 1
        let (tried, attempt) = (state.tried, state.failures)
        let others = targets.contains { !tried.contains($0.engine) && self.use.engines.isAvailable($0, now: now) }
        return self.use.retry.decide(
            failure, attempt: attempt, othersLeft: others, jitter: self.use.randomness.unit())
    }

    /// Gives the engine's place back and reports why.
    private func note(_ failure: EngineFailure, _ target: EngineTarget, _ key: WorkKey?) {
        self.use.engines.finished(target, of: self.request.id, failure: failure, now: self.use.clock.now)
        if let key {
            // A seller without room for flex has room for others, as lines are told, too (decision 24).
            let isOwned = self.use.engines.table.engines[target.engine]?.kind.isOwned == true
            let isFlex = self.state.withLock { !$0.tier.lane.isInteractive }
            let isFlexOnly = !isOwned && isFlex && failure.isFlexCapacity
            let isFull = failure.kind == .capacity && !isFlexOnly
            self.use.scheduler.send(.failed(key, isFull ? .full(retryAfter: failure.retryAfter) : .request))
        }
        self.use.scheduler.checkHealth(target.engine)
        self.report(failure, target.engine)
    }

    private func report(_ failure: EngineFailure, _ engine: EngineID) {
        self.use.meters.engineFailed(engine: engine, kind: failure.label)
        self.use.logger.warning(
            "engine call failed",
            metadata: self.request.logged([
                "engine": "\(engine)", "kind": "\(failure.label)",
                "status": "\(failure.status.map(String.init) ?? "-")", "detail": "\(failure.detail ?? "-")",
            ]))
    }
}
