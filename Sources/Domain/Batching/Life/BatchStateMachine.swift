public import Quantities

/// Decides what happens to a batch: its status, its timestamps and its counts. It holds no line, clock or task.
///
/// ```
///  validating ──validationFailed──────────────────────────────> failed
///    │  │ validated
///    │  ▼                    last line
///    │ in_progress ─────────────────────────> finalizing ──finalized──> completed   (every line has an outcome)
///    │  │   └──────windowPassed, drain──────────┘    └─────finalized──> expired     (some lines never ran)
///    │  │ cancelRequested, costLimitReached
///    └──┴──> cancelling ──drain, finalized──> cancelled
/// ```
///
/// Choices where OpenAI's documentation is silent:
/// - `finalizing_at` is set on the way to `completed` and `expired`; a cancelled batch never was `finalizing`.
/// - A cancel during `finalizing` is refused with a conflict like one after the end.
/// - The end of the window leaves the lines in flight of a cancelled batch their grace: they would have one without the
///   cancel, too.
/// - A batch cancelled before its file was validated has no lines: counts 0/0/0, no files.
/// - Expiry during validation waits for validation, so that each line gets its `batch_expired` row.
/// - When the lines in flight at the end of the window finish within the drain grace and none is left, the batch is
///   `completed`: no line has expired.
/// - A batch at its cost limit is cancelled, with an error that says why: OpenAI has neither such a limit nor a status.
///
/// Time never runs backwards here: a `now` before the last timestamp counts as the last timestamp.
public struct BatchStateMachine: Hashable, Sendable {
    /// What happened.
    public enum Event: Hashable, Sendable {
        /// The file is good. A line count of 0 completes at once.
        case validated(lineCount: Int, model: String?)
        case validationFailed([LineError])
        /// A line's outcome is durable; send it once for each line (see `acceptsLines`).
        case lineFinished(LineFate)
        case cancelRequested
        /// The next line could cost more than what is left of the batch's cost limit, and nothing is in flight.
        case costLimitReached
        /// No attempt is in flight, and validation has stopped, after `stopDispatch` or `stopValidation`.
        case inflightDrained
        case windowPassed
        case graceEnded
        /// The result files are sealed, after `finalize`.
        case finalized
        /// The process took the batch up: just created, or read from the store at start. Nothing is in flight.
        case restarted
    }

    /// What the driver must do, in this order, after it stored the record.
    public enum Action: Hashable, Sendable {
        case startValidation
        case stopValidation
        case startDispatch
        /// No line may be dispatched any more.
        case stopDispatch
        /// Cancel the attempts in flight; answers that already arrived still count.
        case abortInFlight
        /// Send `windowPassed` and `graceEnded` at this moment; the one that is not due has no effect.
        case wake(at: Instant)
        /// Seal the result files; lines without outcome become error rows unless the ending is `completed`.
        case finalize(Ending)
        /// The batch reached this terminal status: release its quota, send the webhook.
        case announce(BatchStatus)
        case refuse(Refusal)
    }

    /// How a batch that ran ends.
    public enum Ending: Hashable, Sendable {
        case completed
        /// Lines without outcome get `batch_expired`.
        case expired
        /// Lines without outcome get `batch_cancelled`, or `cost_limit_reached` where the record's errors say so.
        case cancelled

        var status: BatchStatus {
            switch self {
            case .completed: .completed
            case .expired: .expired
            case .cancelled: .cancelled
            }
        }
    }

    /// Why an event has no effect although its sender expects one.
    public enum Refusal: Hashable, Sendable {
        /// HTTP 409 for a cancel that comes too late.
        case conflict(BatchStatus)
        /// The line's outcome must not be stored or charged: its batch takes no more outcomes.
        case lateLine
    }

    /// How long lines in flight may go on after a cancel or the end of the window: zero ... 600 s (OpenAI's limit).
    public let drainGrace: Duration
    public private(set) var record: BatchRecord
    /// True when nothing is in flight any more and the ending is fixed.
    private var isDrained = false

    public static let drainGraceMax: Duration = .seconds(600)

    /// A batch that was just created; send it `restarted` to begin.
    public init(created: Instant, window: CompletionWindow, drainGrace: Duration = .zero) {
        self.drainGrace = min(max(drainGrace, .zero), Self.drainGraceMax)
        self.record = BatchRecord(
            status: .validating, times: BatchTimes(created: created, window: window), counts: BatchCounts())
    }

    /// A batch read from the store; send it `restarted` to go on.
    public init(restoring record: BatchRecord, drainGrace: Duration = .zero) throws(BatchRecordError) {
        if let violation = record.violation { throw .impossible(violation) }
        self.drainGrace = min(max(drainGrace, .zero), Self.drainGraceMax)
        self.record = record
        self.isDrained = record.status.isTerminal
    }

    public var status: BatchStatus { self.record.status }

    /// True while outcomes of lines are taken. A committer asks before it stores one, and sends `lineFinished` after,
    /// without another event in between: an outcome that is stored is always counted.
    public var acceptsLines: Bool {
        self.record.counts.remaining > 0 && (self.status == .inProgress || self.isDraining)
    }

    /// Takes an event and says what to do. Events that no longer matter change nothing and return no action.
    public mutating func handle(_ event: Event, now: Instant) -> [Action] {
        let now = max(now, self.record.times.latest)
        let before = self.record.status
        let actions = self.transition(event, now)
        precondition(!before.isTerminal || self.record.status == before, "a terminal status changed")
        self.check()
        return actions
    }

    /// Stops the process when an invariant is broken: going on would corrupt a customer's batch.
    public func check() {
        precondition(self.record.violation == nil, self.record.violation ?? "")
        precondition(!self.record.status.isTerminal || self.isDrained, "ended with work in flight")
    }
}

extension BatchStateMachine {
    private mutating func transition(_ event: Event, _ now: Instant) -> [Action] {
        switch event {
        case .validated(let lineCount, let model): self.validated(lineCount, model, now)
        case .validationFailed(let errors): self.validationFailed(errors, now)
        case .lineFinished(let fate): self.lineFinished(fate, now)
        case .cancelRequested: self.cancelRequested(now)
        case .costLimitReached: self.costLimitReached(now)
        case .inflightDrained: self.inflightDrained()
        case .windowPassed: self.windowPassed(now)
        case .graceEnded: self.graceEnded(now)
        case .finalized: self.finalized(now)
        case .restarted: self.restarted(now)
        }
    }

    private mutating func validated(_ lineCount: Int, _ model: String?, _ now: Instant) -> [Action] {
        precondition(lineCount >= 0, "a file cannot have a negative number of lines")
        guard self.status == .validating else { return [] }
        self.record.counts.total = lineCount
        self.record.model = model
        if now >= self.record.times.expires { return self.close(now) }
        self.enter(.inProgress, now)
        if lineCount == 0 { return self.close(now) }
        return [.startDispatch, .wake(at: self.record.times.expires)]
    }

    private mutating func validationFailed(_ errors: [LineError], _ now: Instant) -> [Action] {
        precondition(!errors.isEmpty, "a failed validation names at least one error")
        guard self.status == .validating else { return [] }
        self.record.errors = errors
        self.isDrained = true
        self.enter(.failed, now)
        return [.announce(.failed)]
    }

    private mutating func lineFinished(_ fate: LineFate, _ now: Instant) -> [Action] {
        guard self.acceptsLines else { return [.refuse(.lateLine)] }
        switch fate {
        case .succeeded: self.record.counts.completed += 1
        case .failed: self.record.counts.failed += 1
        }
        if self.record.counts.remaining > 0 { return [] }
        return self.status == .inProgress ? [.stopDispatch] + self.close(now) : self.inflightDrained()
    }

    private mutating func cancelRequested(_ now: Instant) -> [Action] {
        switch self.status {
        case .validating:
            self.enter(.cancelling, now)
            return [.stopValidation]
        case .inProgress:
            self.enter(.cancelling, now)
            return self.drain(now)
        case .cancelling, .cancelled:
            return []
        case .finalizing, .completed, .failed, .expired:
            return [.refuse(.conflict(self.status))]
        }
    }

    private mutating func costLimitReached(_ now: Instant) -> [Action] {
        guard self.status == .inProgress else { return [] }
        self.record.errors = [.costLimitReached]
        self.enter(.cancelling, now)
        return self.drain(now)
    }

    private mutating func inflightDrained() -> [Action] {
        guard self.isDraining else { return [] }
        self.isDrained = true
        return [.finalize(self.ending)]
    }

    private mutating func windowPassed(_ now: Instant) -> [Action] {
        let expires = self.record.times.expires
        switch self.status {
        case .inProgress:
            guard now >= expires else { return [.wake(at: expires)] }
            self.enter(.finalizing, now)
            return self.drain(now)
        case .cancelling, .validating, .finalizing, .completed, .failed, .expired, .cancelled:
            return []
        }
    }

    private func graceEnded(_ now: Instant) -> [Action] {
        guard self.isDraining, let start = self.record.times[self.status] else { return [] }
        let end = start.advanced(by: self.drainGrace)
        return now >= end ? [.abortInFlight] : [.wake(at: end)]
    }

    private mutating func finalized(_ now: Instant) -> [Action] {
        guard self.isDrained, self.status == .finalizing || self.status == .cancelling else { return [] }
        self.enter(self.ending.status, now)
        return [.announce(self.status)]
    }

    private mutating func restarted(_ now: Instant) -> [Action] {
        switch self.status {
        case .validating:
            return [.startValidation]
        case .inProgress:
            let isOver = now >= self.record.times.expires || self.record.counts.remaining == 0
            return isOver ? self.close(now) : [.startDispatch, .wake(at: self.record.times.expires)]
        case .finalizing, .cancelling:
            self.isDrained = true
            return [.finalize(self.ending)]
        case .completed, .failed, .expired, .cancelled:
            return []
        }
    }

    /// Attempts may still be in flight, but none is started.
    private var isDraining: Bool { !self.isDrained && (self.status == .cancelling || self.status == .finalizing) }

    private var ending: Ending {
        if self.status == .cancelling { return .cancelled }
        return self.record.counts.remaining == 0 ? .completed : .expired
    }

    private mutating func enter(_ status: BatchStatus, _ now: Instant) {
        self.record.status = status
        self.record.times[status] = now
    }

    /// Enters `finalizing` with nothing in flight.
    private mutating func close(_ now: Instant) -> [Action] {
        self.enter(.finalizing, now)
        self.isDrained = true
        return [.finalize(self.ending)]
    }

    private func drain(_ now: Instant) -> [Action] {
        self.drainGrace == .zero
            ? [.stopDispatch, .abortInFlight] : [.stopDispatch, .wake(at: now.advanced(by: self.drainGrace))]
    }
}
