import Batching
import Ledger
import Logging
import OpenAIWire
import Quantities
import Routing

/// The state of one running batch and what each message does to it. Owned by one `BatchExecution`.
struct BatchLoop {
    /// While the store cannot be written.
    static let storePause: Duration = .seconds(1)
    /// No timer runs longer: a clock that is set forward ends a window late by no more than this.
    static let timerMax: Duration = .seconds(60)

    let context: BatchContext
    let send: @Sendable (BatchExecution.Message) -> Void
    let board: BatchBoard
    var batch: BatchRecord
    var machine: BatchStateMachine?
    var plan: BatchPlan?
    var input: BatchInput?
    /// nil: it is not known what the prompts share.
    var shares: PrefixShares?
    var endpoint: Endpoint = .chatCompletions
    var targets: [EngineTarget] = []
    var attempts: [Int: LineAttempt] = [:]
    var committing = 0
    var isDispatching = false
    var isStopping = false
    var pause = DispatchPause()
    var spending: BatchSpending
    /// The line that did not fit under a cap; it goes first when there is room.
    var blocked: BlockedLine?
    /// Lines that need more than the project's cap leaves, in their order.
    var passedOver: [BlockedLine] = []
    /// The least that one of them needs.
    var leastPassedOver: Money?
    /// Lines that were passed over and are next; the last one first.
    var again: [BlockedLine] = []
    /// It was said that the batch waits.
    var saysWait = false
    /// Tiers in which bought engines do not sell the model.
    var refusedTiers: [EngineID: Set<TierName>] = [:]
    /// Refusals of an engine since it last answered.
    var refusals: [EngineID: Int] = [:]
    /// When it was last said that an engine refuses all lines.
    var saidRefusing: [EngineID: Instant] = [:]
    /// When its engines open for it, as it was last said.
    var saidOpening: Instant?
    /// When its engines open, as it was last said that it does not wait for it, and when that was last looked at.
    var saidEarly: Instant?
    var lookedForEarly: Instant?
    var exit: BatchExecution.Exit?
    var nextWake: Instant?
    /// Moments for which a timer runs. One that was armed for the end of the window is not armed again each time an
    /// earlier one has passed.
    var armed: Set<Instant> = []
    var sizes = LineSizes()
    /// How often a line has made room for a more urgent request.
    var preemptions: [Int: Int] = [:]
    /// The ways so far of lines that run again.
    var paths: [Int: RequestPath] = [:]
    /// The traces of lines that run or run again, and what their spans are made of while their commits are under way.
    var contexts: [Int: TraceContext] = [:]
    var traced: [Int: TracedRequest] = [:]

    init(
        _ batch: BatchRecord, context: BatchContext, board: BatchBoard,
        send: @escaping @Sendable (BatchExecution.Message) -> Void
    ) {
        self.batch = batch
        self.context = context
        self.board = board
        self.send = send
        self.spending = BatchSpending(cap: batch.maxCost)
    }

    /// - Parameter isCancelRequested: the batch is to end, not to be taken up.
    mutating func begin(isCancelRequested: Bool) async throws(StoreFailure) {
        do throws(BatchRecordError) {
            self.machine = try BatchStateMachine(
                restoring: try self.life(), drainGrace: BatchStateMachine.drainGraceMax)
        } catch {
            self.context.logger.error(
                "batch record is impossible", metadata: ["batch.id": "\(self.batch.id)", "reason": "\(error)"])
            self.exit = .terminal
            return
        }
        // The one who asked is answered later, by the message.
        let status = self.machine?.status
        let isCancelled = isCancelRequested && (status == .validating || status == .inProgress)
        try await self.feed(isCancelled ? .cancelRequested : .restarted)
    }

    private func life() throws(BatchRecordError) -> Batching.BatchRecord {
        do throws(StoreFailure) { return try self.batch.life() } catch { throw .impossible("\(error)") }
    }

    /// Gives up lines in flight. Their reports say `cancelled`.
    ///
    /// - Parameter keepsBought: work at bought engines is paid for, so it may finish (scheduling 6.6).
    private func abort(keepsBought: Bool) {
        let engines = self.context.directory.table.engines
        for attempt in self.attempts.values {
            let isBought = engines[attempt.target.engine]?.kind.isOwned == false
            if !(keepsBought && isBought) { attempt.abort() }
        }
    }

    mutating func handle(_ message: BatchExecution.Message) async throws(StoreFailure) {
        switch message {
        case .attemptEnded(let attempt, let ending):
            try await self.attemptEnded(attempt, ending)
        case .committed(let attempt, let fate, let amount, let result):
            try await self.committed(attempt, fate, amount, result)
        case .cancelRequested(let reply):
            try await self.cancel(reply)
        case .lineAsked(let line, let reply):
            return reply(self.report(of: line))
        case .costLimitReached:
            if self.isIdle, let blocked = self.blocked, !self.spending.fits(blocked.bound) {
                try await self.feed(.costLimitReached)
            }
        case .wake(let moment):
            self.armed.remove(moment)
            if self.nextWake == moment { self.nextWake = nil }
            try await self.timePassed()
            if self.context.clock.now < moment { self.wake(at: moment) }
        case .freed:
            break
        case .engineIsBack(let engine):
            self.engineIsBack(engine)
        case .shutDown(let keepsBought):
            self.isStopping = true
            self.isDispatching = false
            self.plan?.stop()
            self.context.engines.withdraw(self.batch.id)
            self.abort(keepsBought: keepsBought)
        }
        self.dispatch()
        if self.isStopping, self.isIdle, self.exit == nil { self.exit = .shutDown }
    }

    /// No attempt is in flight and no commit under way.
    var isIdle: Bool { self.attempts.isEmpty && self.committing == 0 }

    /// Gives the machine an event, stores what changed, does what it says.
    mutating func feed(_ event: BatchStateMachine.Event) async throws(StoreFailure) {
        guard var machine = self.machine else { return }
        let before = machine.status
        let actions = machine.handle(event, now: self.context.clock.now)
        self.machine = machine
        if machine.status != before { try await self.persist(from: before) }
        for action in actions { try await self.perform(action) }
    }

    private mutating func persist(from before: BatchStatus) async throws(StoreFailure) {
        guard let life = self.machine?.record else { return }
        // An ending that ran is stored together with its files, in `seal`.
        if life.status.isTerminal, life.status != .failed { return }
        if life.status == .cancelling { Failpoint.hit("batch.cancelling") }
        let row = self.batch.with(life)
        try await self.store(row, expecting: [before], files: [])
    }

    /// Stores the batch, and removes what nothing needs once it has ended.
    mutating func store(
        _ row: BatchRecord, expecting: [BatchStatus], files: [FileRecord]
    ) async throws(StoreFailure) {
        let (batch, blobs) = try await self.context.store.update(
            row, expecting: expecting.map(\.rawValue), files: files)
        self.batch = batch
        // Bytes that cannot be removed now are orphans, which the next start removes.
        for blob in blobs { try? self.context.blobs.delete(blob) }
    }

    private mutating func perform(_ action: BatchStateMachine.Action) async throws(StoreFailure) {
        switch action {
        case .startValidation:
            let verdict = try await BatchValidation(batch: self.batch, context: self.context).verdict()
            switch verdict {
            case .valid(let lineCount, let model):
                try await self.feed(.validated(lineCount: lineCount, model: model))
            case .invalid(let errors):
                try await self.feed(.validationFailed(errors))
            }
        case .stopValidation:
            try await self.feed(.inflightDrained)
        case .startDispatch:
            try await self.prepare()
            self.isDispatching = self.exit == nil
            self.dispatch()
        case .stopDispatch:
            self.isDispatching = false
            self.plan?.stop()
            self.context.engines.withdraw(self.batch.id)
            self.abort(keepsBought: true)
            // A batch that waits for an engine has nothing to drain.
            try await self.drainedIfIdle()
        case .abortInFlight:
            self.abort(keepsBought: false)
            try await self.drainedIfIdle()
        case .wake(let at):
            self.wake(at: at)
        case .finalize(let ending):
            try await self.seal(ending)
        case .announce(let status):
            self.announce(status)
        case .refuse:
            break
        }
    }

    /// The batch has ended, and is stored as it ended.
    mutating func announce(_ status: BatchStatus) {
        self.context.meters.count(.batchesEnded, status.rawValue)
        self.context.logger.info(
            "batch ended", metadata: ["batch.id": "\(self.batch.id)", "status": "\(status.rawValue)"])
        self.exit = .terminal
    }

    /// Loads what dispatching needs: the index, finished lines, the engines.
    private mutating func prepare() async throws(StoreFailure) {
        guard let endpoint = Endpoint(path: self.batch.endpoint) else {
            throw .unavailable("batch \(self.batch.id) has an unknown endpoint '\(self.batch.endpoint)'")
        }
        // Without its input the batch still goes on: each line fails, what ran before stays.
        let input = try BatchInput.unlessLost(self.batch, blobs: self.context.blobs)
        let finished = try await self.context.store.finishedLines(of: self.batch.id)
        self.input = input
        self.shares = input?.index.order.map { PrefixShares($0) }
        self.endpoint = endpoint
        self.targets = self.context.directory.targets(for: self.batch.model ?? "") ?? []
        self.plan = BatchPlan(
            lineCount: Int(self.batch.totalLines), epoch: self.context.epoch, finished: finished,
            order: self.context.ordersByPrefix ? input?.index.order : nil, policy: self.context.policy)
        self.spending.spent = try await self.spentBefore()
        self.context.engines.join(self.batch.id) { [send] in send(.engineIsBack($0)) }
    }

    private func spentBefore() async throws(StoreFailure) -> Money {
        guard self.batch.maxCost != nil, let ledger = self.context.store as? any LedgerStore else { return .zero }
        let groups = try await ledger.totals(ChargeFilter(batch: self.batch.id))
        return Money(picodollars: groups.reduce(0) { $0 + $1.totals.amount.picodollars })
    }

    private mutating func cancel(_ reply: BatchExecution.CancelReply) async throws(StoreFailure) {
        guard let status = self.machine?.status else { return reply(nil) }
        switch status {
        case .finalizing, .completed, .failed, .expired:
            reply(.failure(.client(.cannotCancel(status: status.rawValue))))
        case .validating, .inProgress, .cancelling, .cancelled:
            // A status that cannot be stored would end this loop, and what it has bought would be bought again.
            if self.context.commits.isFailing { return reply(.failure(.unrecorded)) }
            try await self.feed(.cancelRequested)
            reply(.success(self.batch))
        }
    }

    private mutating func timePassed() async throws(StoreFailure) {
        guard let machine = self.machine else { return }
        let now = self.context.clock.now
        if self.context.commits.isFailing { return self.wake(at: now.advanced(by: Self.storePause)) }
        if now >= machine.record.times.expires { try await self.feed(.windowPassed) }
        try await self.feed(.graceEnded)
        if machine.status == .inProgress, now < machine.record.times.expires {
            self.wake(at: machine.record.times.expires)
        }
    }

    /// Asks for a message at `at`; only the earliest wish counts.
    mutating func wake(at moment: Instant) {
        if let pending = self.nextWake, pending <= moment { return }
        self.nextWake = moment
        guard self.armed.insert(moment).inserted else { return }
        let delay = min(max(moment.since(self.context.clock.now), .milliseconds(1)), Self.timerMax)
        self.context.timers.after(delay) { [send] in send(.wake(moment)) }
    }

    /// Lets go of every attempt: this loop ends, another one will take the batch up from the store. Lines whose commit
    /// is under way keep their holds until it is done.
    mutating func abandon() {
        for attempt in self.attempts.values {
            attempt.abort()
            self.context.engines.returned(attempt)
            self.context.holds.settle(attempt.request, project: self.batch.project, actual: .zero)
        }
        self.attempts = [:]
    }

    /// After `abandon`: only what became of commits still counts. A cancel is sent again to the loop that follows.
    mutating func settleAbandoned(_ message: BatchExecution.Message) {
        guard case .committed(let attempt, _, let amount, let result) = message else { return }
        self.settleCommit(attempt, amount, result)
    }

    mutating func drainedIfIdle() async throws(StoreFailure) {
        guard self.isIdle, !self.isStopping else { return }
        if self.machine?.status == .finalizing || self.machine?.status == .cancelling {
            try await self.feed(.inflightDrained)
        }
    }
}
