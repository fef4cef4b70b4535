import Batching
import Ledger
import Logging
import OpenAIWire
import Quantities
import Routing
import Scheduling

/// Lines: dispatch, ends of attempts, commits.
extension BatchLoop {
    /// Sends lines while there are lines, places and money. Places that it has no line for are given back.
    mutating func dispatch() {
        guard self.isDispatching, self.plan != nil else { return }
        self.sendLines()
        self.context.engines.park(self.work)
    }

    private mutating func sendLines() {
        let now = self.context.clock.now
        // What runs is kept; more would be bought without an end.
        if self.context.commits.isFailing { return self.wake(at: now.advanced(by: Self.storePause)) }
        if let until = self.pause.until, now < until { return self.wake(at: until) }
        self.findTargets()
        if self.targets.isEmpty { return self.pauseDispatch(.reach, now) }
        self.planFor(now)
        self.takeUpPassedOver()
        while true {
            guard self.hasLine else { return self.awaitCap() }
            if self.isBlocked() { return }
            let choice = self.context.engines.choose(self.work, self.targets)
            guard case .engine(let target, let engine) = choice else {
                if case .unavailable = choice { return self.pauseDispatch(.reach, now) }
                self.context.engines.whenFree(self.batch.id) { [send] in send(.freed) }
                self.tellHours()
                return
            }
            guard let line = self.nextLine(at: target.engine, now) else {
                self.context.engines.released(self.batch.id, target)
                if let ready = self.plan?.ledger.nextReady { self.wake(at: ready) }
                return
            }
            switch self.start(line, target: target, engine: engine, now: now) {
            case .sent, .refused: break
            case .capReached, .awaitsHolds, .passedOver:
                // It may wait long for money; its trace begins when it is sent, unless it was sent before.
                if self.paths[line.lease.line] == nil { self.contexts[line.lease.line] = nil }
                self.context.engines.released(self.batch.id, target)
            }
        }
    }

    /// What is left to send, as the scheduler sees it.
    private var work: BatchEngines.Work {
        let pending = self.plan?.ledger.pendingCount ?? 0
        return BatchEngines.Work(
            batch: self.batch.id, project: self.batch.project, model: self.batch.model ?? "",
            tier: self.batch.tier, deadline: self.batch.expiresAt,
            linesLeft: pending + self.again.count + (self.blocked == nil ? 0 : 1),
            promptTokens: self.sizes.promptTokens, outputTokens: self.sizes.outputTokens)
    }

    /// Engines come and go while a batch runs.
    private mutating func findTargets() {
        self.targets = self.context.directory.targets(for: self.batch.model ?? "") ?? []
    }

    /// Each engine that can be used now is to get lines that begin alike. While none can the plan stays as it is.
    private mutating func planFor(_ now: Instant) {
        let directory = self.context.directory
        let engines = directory.table.engines
        let places = self.targets.map(\.engine).filter { directory.isAvailable($0, now: now) }.map { id in
            BatchPlan.Place(
                engine: id, slots: engines[id].flatMap { $0.kind.hasSlotCaches ? BatchEngines.places(of: $0) : nil })
        }
        if !places.isEmpty, places != self.plan?.places { self.plan?.serve(places) }
    }

    private mutating func nextLine(at engine: EngineID, _ now: Instant) -> BatchPlan.Dispatch? {
        if let blocked = self.blocked {
            self.blocked = nil
            return self.plan?.move(blocked.line, to: engine)
        }
        if let passedOver = self.again.popLast() { return self.plan?.again(passedOver.line.lease, at: engine) }
        return self.plan?.next(at: engine, now: now)
    }

    private mutating func pauseDispatch(_ cause: DispatchPause.Cause, _ now: Instant) {
        let isNew = self.pause.begin(cause, now: now)
        guard let until = self.pause.until else { return }
        if isNew, cause.isOfEngines { self.context.engines.pause(self.batch.id, until: until) }
        self.wake(at: until)
    }

    /// Sends a line to an engine.
    ///
    /// Where a cap has no room for it, the line is the next one again or passed over; a line that is refused fails.
    private mutating func start(
        _ dispatch: BatchPlan.Dispatch, target: EngineTarget, engine: Engine, now: Instant
    ) -> Start {
        let lease = dispatch.lease
        let attempt = LineAttempt(
            request: self.context.randomness.requestID(at: now), lease: lease, lane: dispatch.lane, target: target,
            tiers: self.tiers(at: target, engine, now: now), endpoint: self.endpoint, startedAt: now,
            path: self.path(of: lease.line, to: target.engine, now: now),
            traceContext: self.traceContext(of: lease.line), report: { [send] in send(.attemptEnded($0, $1)) })
        do {
            guard let line = try self.input?.line(lease.line) else { throw StoreFailure.notFound }
            let body = try LineBody.read(line, self.endpoint)
            let start = self.hold(attempt, of: dispatch, body: body, now: now)
            switch start {
            case .sent: self.attempts[lease.line] = attempt
            case .refused(let error):
                self.attempts[lease.line] = attempt
                self.take(attempt, body.bytes.count)
                attempt.failed(
                    EngineFailure(
                        .clientFault, status: error.status, message: "over the spend limit", body: error.encoded))
                return start
            case .capReached, .awaitsHolds, .passedOver: return start
            }
            let order = EngineOrder(
                body: body.bytes, facts: body.facts, engine: engine, engineModel: target.engineModel,
                clientStreams: false, lane: .batch, slot: dispatch.slot,
                tier: attempt.tiers.asked.map { .named($0) } ?? .unnamed)
            self.take(attempt, body.bytes.count)
            attempt.start(
                order.request(
                    to: engine, self.endpoint, attempt.request, attempt: lease.attempt, of: attempt.traceContext),
                estimate: UsageEstimate(facts: body.facts, body: body.bytes, engineModel: target.engineModel),
                customID: body.customID, client: self.context.client)
        } catch let error as RequestError {
            // Shallow validation let it pass; the run tells, as a 400 line (openai-api 3.9).
            self.attempts[lease.line] = attempt
            self.take(attempt, 0)
            attempt.failed(
                EngineFailure(.clientFault, status: 400, message: "invalid request", body: error.body.encoded))
        } catch StoreFailure.notFound {
            // The input is lost, so no attempt can end better.
            self.attempts[lease.line] = attempt
            self.take(attempt, 0)
            attempt.failed(
                EngineFailure(
                    .clientFault, status: 404, message: "the input file is lost",
                    body: ErrorBody.noSuchFile(self.batch.inputFile.text).encoded))
        } catch {
            self.attempts[lease.line] = attempt
            self.take(attempt, 0)
            attempt.failed(EngineFailure(.fault, message: "the line could not be read: \(error)"))
        }
        return .sent
    }

    /// Tokens of a prompt whose request has so many bytes.
    private static func estimate(_ bytes: Int) -> Int { max(1, bytes / LocalPromptCounter.bytesPerToken) }

    /// The attempt takes the chosen place.
    private mutating func take(_ attempt: LineAttempt, _ bytes: Int) {
        let prompt = self.sizes.promptTokens(estimated: Self.estimate(bytes))
        self.sizes.sent(promptTokens: prompt.all)
        self.context.engines.started(
            attempt, of: self.work, promptTokens: prompt, preemptions: self.preemptions[attempt.lease.line] ?? 0)
    }

    mutating func attemptEnded(_ attempt: LineAttempt, _ ending: LineAttempt.Ending) async throws(StoreFailure) {
        self.attempts[attempt.lease.line] = nil
        self.spending.release(attempt.lease.line)
        self.plan?.ended(lane: attempt.lane, at: attempt.target.engine)
        let now = self.context.clock.now
        var failure: EngineFailure?
        let outcome: AttemptOutcome
        switch ending {
        case .answered:
            outcome = .succeeded
            self.answered(by: attempt.target.engine)
        case .failed(let error):
            failure = error
            if attempt.wasPreempted {
                outcome = .preempted
            } else {
                outcome = self.notesRefusedTier(attempt, error) ? .tierRefused : AttemptOutcome(error)
            }
            if attempt.wasSent, outcome != .preempted {
                self.context.meters.engineFailed(engine: attempt.target.engine, kind: error.label)
            }
            if outcome == .engineUnusable {
                self.pauseDispatch(error.isOfReach ? .reach : .account(attempt.target.engine), now)
            }
            if case .refused = outcome { self.refused(by: attempt.target.engine, error) }
        }
        if outcome == .preempted { self.preemptions[attempt.lease.line, default: 0] += 1 }
        let usage = Self.usage(of: attempt, ending)
        if attempt.wasSent, outcome != .preempted {
            self.context.engines.finished(
                attempt, of: self.batch.id, failure: failure, usage: usage.map { self.learn($0, from: attempt) })
        } else {
            // The line made room or failed here, which says nothing about the engine.
            self.context.engines.returned(attempt)
        }
        let random = self.context.randomness.next()
        let verdict = self.plan?.finish(
            attempt.lease, outcome, at: attempt.target.engine, now: now, random: random)
        let way = self.keepPath(of: attempt, outcome, failure, verdict, now: now)
        switch verdict {
        case .commit(let fate):
            self.commit(attempt, ending, fate, way, usage: usage ?? .zero, now: now)
        case .retry(let at):
            self.withoutResult("retried")
            self.settle(attempt, actual: .zero)
            self.wake(at: at)
        case .requeued, .waste, nil:
            self.withoutResult(verdict == .waste ? "late" : outcome == .preempted ? "preempted" : "put_back")
            self.settle(attempt, actual: .zero)
        }
        if !self.isDispatching { try await self.drainedIfIdle() }
    }

    private func withoutResult(_ reason: String) { self.context.meters.count(.attemptsWithoutResult, reason) }

    /// What an answered line is charged for, which is what the engine told only where that can be true.
    private static func usage(of attempt: LineAttempt, _ ending: LineAttempt.Ending) -> TokenUsage? {
        guard case .answered(let answer) = ending else { return nil }
        return attempt.estimate?.billable(answer.facts.usage, outputTokens: answer.outputTokensEstimate)
    }

    private mutating func learn(_ usage: TokenUsage, from attempt: LineAttempt) -> WorkUsage {
        let used = WorkUsage(usage)
        self.sizes.answered(used, estimate: Self.estimate(attempt.estimate?.body.count ?? 0))
        return used
    }

    private mutating func commit(
        _ attempt: LineAttempt, _ ending: LineAttempt.Ending, _ fate: LineFate, _ way: RequestTrace?,
        usage: TokenUsage, now: Instant
    ) {
        let result = LineResult(
            batch: self.batch, endpoint: self.endpoint, attempt: attempt, ending: ending, usage: usage, fate: fate,
            customID: attempt.customID ?? self.customID(attempt.lease.line), now: now, context: self.context)
        self.committing += 1
        let amount = result.commit.charge?.amount ?? .zero
        if let way { self.traced[attempt.lease.line] = self.traced(attempt, way, result.commit.charge) }
        self.spending.add(amount)
        Failpoint.hit("line.answered")
        let prompt = self.prompt(of: attempt, result.commit.charge)
        self.context.commits.commit(.line(result.commit)) { [send, board, meters = self.context.meters] outcome in
            if outcome == .success(.committed), let charge = result.commit.charge {
                meters.charged(charge)
                meters.promptEnded(prompt)
                board.ended(prompt)
            }
            send(.committed(attempt, fate, amount, outcome))
        }
    }

    /// What the line's engine told of its prompt, and what of it had to be computed; nothing where it did not tell.
    private func prompt(of attempt: LineAttempt, _ charge: Charge?) -> PromptTokens {
        guard let usage = charge?.usage, !usage.isEstimated, let facts = attempt.estimate?.facts else { return .zero }
        let least = self.shares?.least(
            of: attempt.lease.line, tokens: usage.input, blocks: PromptPrefix.blockCount(facts))
        return PromptTokens(
            computed: usage.input - usage.cachedInput, cached: usage.cachedInput, least: least ?? usage.input)
    }

    private func customID(_ line: Int) -> [UInt8] {
        guard let text = try? self.input?.line(line) else { return Array("\"\"".utf8) }
        return text.withUnsafeBytes { bytes in
            LineBody.customID((try? BatchLineReading.scan(bytes))?.customID, in: bytes)
        }
    }

    /// A commit is over: its line costs what was recorded, nothing otherwise.
    mutating func settleCommit(
        _ attempt: LineAttempt, _ amount: Money, _ result: Result<CommitResult, StoreFailure>
    ) {
        self.committing -= 1
        if case .success(.committed) = result {
            self.settle(attempt, actual: amount)
        } else {
            self.spending.takeBack(amount)
            self.settle(attempt, actual: .zero)
        }
    }

    mutating func committed(
        _ attempt: LineAttempt, _ fate: LineFate, _ amount: Money, _ result: Result<CommitResult, StoreFailure>
    ) async throws(StoreFailure) {
        self.settleCommit(attempt, amount, result)
        switch result {
        case .success(.committed):
            self.plan?.committed(attempt.lease)
            self.sendSpans(of: attempt.lease.line)
            self.context.meters.batchLine(
                model: self.batch.model ?? "", outcome: fate == .succeeded ? "completed" : "failed")
            try await self.feed(.lineFinished(fate))
        case .success(.duplicate):
            // Another attempt's row is there: this one is waste, the line is done.
            self.contexts[attempt.lease.line] = nil
            self.traced[attempt.lease.line] = nil
            self.withoutResult("duplicate")
            self.plan?.committed(attempt.lease)
        case .success(.stale):
            self.withoutResult("stale")
            self.plan?.commitFailed(attempt.lease)
        case .failure(let failure):
            self.withoutResult("not_recorded")
            self.context.logger.error(
                "line result not recorded; the line runs again",
                metadata: ["batch.id": "\(self.batch.id)", "line": "\(attempt.lease.line + 1)", "reason": "\(failure)"])
            self.plan?.commitFailed(attempt.lease)
            self.pauseDispatch(.store, self.context.clock.now)
        }
        if !self.isDispatching { try await self.drainedIfIdle() }
    }
}

extension AttemptOutcome {
    /// What an engine's failure means for a line. An engine that cannot be used at all pauses the batch, it does not
    /// fail its lines (openai-api A.6).
    init(_ failure: EngineFailure) {
        switch failure.kind {
        case .clientFault: self = .finalFailure(status: failure.status ?? 400)
        case .capacity: self = .refused(retryAfter: failure.retryAfter)
        case .billing, .credential: self = .engineUnusable
        // A line that its engine saw may be what broke the connection: its attempts are counted.
        case .unreachable, .timeout(.connect):
            self = failure.wasSent ? .retryable(.connection, retryAfter: nil) : .engineUnusable
        case .fault:
            self =
                failure.status.map { .retryable(.status($0), retryAfter: failure.retryAfter) }
                ?? .retryable(.connection, retryAfter: nil)
        case .timeout: self = .retryable(.timeout, retryAfter: nil)
        case .cancelled: self = .shutDown
        }
    }
}
