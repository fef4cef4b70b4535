public import Quantities

/// Keeps the lines of one running batch: which are done, in flight, waiting for a retry, and which comes next.
///
/// Each line has at most one live attempt (I3) and at most one outcome (I4). Memory: four bit sets (25 KB for 50,000
/// lines), 4 bytes a line for an order other than the file's, and about 60 bytes for each line that failed, was refused
/// or preempted and has no outcome yet. It holds no body and is rebuilt after a restart from the lines in the store.
///
/// ```
///  pending ──lease──> in flight ──finish: commit──> settling ──committed──> done
///     ▲                  │  │                          │
///     │                  │  └─finish: retry──> waiting │ commitFailed
///     └──────────────────┴──finish: requeued───────────┘     (waiting becomes pending when its time comes)
/// ```
public struct LineLedger: Sendable {
    /// What to do with a finished attempt.
    public enum Verdict: Hashable, Sendable {
        /// Store this outcome, then call `committed` (or `commitFailed`).
        case commit(LineFate)
        /// The line is tried again at this moment.
        case retry(at: Instant)
        /// The line is at the head of the queue again.
        case requeued
        /// The lease is not live: an earlier epoch, a line with an outcome, or an attempt that ended before. Nothing
        /// may be stored or charged; what the engine did is the operator's cost.
        case waste
    }

    /// Whether a particular line can be leased.
    public enum LeaseAnswer: Hashable, Sendable {
        case lease(LineLease)
        /// The line waits after a failure.
        case waiting(until: Instant)
        /// The line is done or in flight, outside the batch, or dispatch has stopped.
        case unavailable
    }

    private struct Trouble: Sendable {
        var failures = 0
        var refusals = 0
        /// The last attempt was refused.
        var isRefused = false
        var returns = 0
    }

    public let lineCount: Int
    public let epoch: UInt64
    public let policy: RetryPolicy
    /// Empty means the file's own order.
    private let order: [UInt32]
    private var done: LineSet
    private var inFlight: LineSet
    private var settling: LineSet
    /// Lines in `returned` or `waiting`.
    private var held: LineSet
    private var cursor = 0
    /// Preempted lines; the last one is the head.
    private var returned: [UInt32] = []
    private var waiting = ReadyQueue()
    private var troubles: [UInt32: Trouble] = [:]
    /// True after `stop`: no further lease is given (I8).
    public private(set) var isStopped = false

    /// A ledger of `lineCount` lines of which `finished` (numbers from 0) have their outcome in the store.
    ///
    /// `order` lists every line once; empty means the file's order. Counted failures start at zero in every epoch.
    public init(
        lineCount: Int, epoch: UInt64, finished: some Sequence<Int> = EmptyCollection<Int>(), order: [UInt32] = [],
        policy: RetryPolicy = RetryPolicy()
    ) {
        precondition(order.isEmpty || order.count == lineCount, "an order names every line once")
        self.lineCount = lineCount
        self.epoch = epoch
        self.policy = policy
        self.order = order
        self.done = LineSet(capacity: lineCount)
        self.inFlight = LineSet(capacity: lineCount)
        self.settling = LineSet(capacity: lineCount)
        self.held = LineSet(capacity: lineCount)
        for line in finished { self.done.insert(line) }
    }

    /// Lines without outcome.
    public var remainingCount: Int { self.lineCount - self.done.count }
    /// Lines that could be leased now or later.
    public var pendingCount: Int { self.remainingCount - self.inFlight.count }
    /// When the first waiting line is ready, or nil when none waits.
    public var nextReady: Instant? { self.waiting.earliest }

    /// For people's questions: it looks through all lines that are put off.
    public func standing(of line: Int) -> LineStanding {
        if self.done.contains(line) { return .done }
        if self.settling.contains(line) { return .settling }
        if self.inFlight.contains(line) { return .inFlight }
        guard let ready = self.waiting.ready(of: line) else { return .waiting }
        return .putOff(until: ready)
    }

    /// Lines that go before one that waits: those that were given back, and fresh ones before it in the order. Linear.
    public func ahead(of line: Int) -> Int {
        if let place = self.returned.firstIndex(of: UInt32(line)) { return self.returned.count - 1 - place }
        var count = self.returned.count
        for place in self.cursor..<self.lineCount {
            let other = self.order.isEmpty ? place : Int(self.order[place])
            if other == line { break }
            if self.isFresh(other) { count += 1 }
        }
        return count
    }
}

extension LineLedger {
    /// The next line to run: one whose retry is due, else a returned one, else the next in order; nil when none is
    /// ready.
    public mutating func leaseNext(now: Instant) -> LineLease? {
        if let lease = self.leaseReturned(now: now) { return lease }
        guard !self.isStopped else { return nil }
        while self.cursor < self.lineCount {
            let line = self.order.isEmpty ? self.cursor : Int(self.order[self.cursor])
            self.cursor += 1
            if self.isFresh(line) { return self.open(line) }
        }
        return nil
    }

    /// The next line among those that already had an attempt: a due retry, else the last one returned.
    ///
    /// For drivers that take fresh lines from a `LanePlan` through `lease(_:now:)`.
    ///
    /// - Parameter accepts: which of the returned lines may be taken.
    public mutating func leaseReturned(
        now: Instant, where accepts: (_ line: Int) -> Bool = { _ in true }
    ) -> LineLease? {
        guard !self.isStopped else { return nil }
        if let line = self.waiting.popReady(at: now) { return self.open(line) }
        guard let place = self.returned.lastIndex(where: { accepts(Int($0)) }) else { return nil }
        return self.open(Int(self.returned.remove(at: place)))
    }

    /// Leases this line, wherever it stands in the order.
    public mutating func lease(_ line: Int, now: Instant) -> LeaseAnswer {
        guard !self.isStopped, (0..<self.lineCount).contains(line) else { return .unavailable }
        if self.held.contains(line) {
            if let ready = self.waiting.ready(of: line) {
                guard ready <= now else { return .waiting(until: ready) }
                self.waiting.remove(line)
            } else {
                self.returned.removeAll { Int($0) == line }
            }
            return .lease(self.open(line))
        }
        return self.isFresh(line) ? .lease(self.open(line)) : .unavailable
    }

    /// Takes the end of an attempt. `random` is 64 uniform bits, for the jitter of the retry.
    public mutating func finish(
        _ lease: LineLease, _ outcome: AttemptOutcome, now: Instant, random: UInt64
    ) -> Verdict {
        guard self.isLive(lease), !self.settling.contains(lease.line) else { return .waste }
        switch outcome {
        case .succeeded:
            return self.settle(lease, .succeeded)
        case .finalFailure(let status):
            return self.settle(lease, .failed(.status(status)))
        case .retryable(let failure, let retryAfter):
            let failures = self.trouble(lease.line).failures + 1
            if failures >= self.policy.failuresMax { return self.settle(lease, .failed(.exhausted(failure))) }
            self.troubles[UInt32(lease.line), default: Trouble()].failures = failures
            self.troubles[UInt32(lease.line)]?.isRefused = false
            let delay = self.policy.delay(afterFailures: failures, retryAfter: retryAfter, random: random)
            return self.putOff(lease.line, until: now.advanced(by: delay))
        case .refused(let retryAfter):
            let refusals = self.trouble(lease.line).refusals + 1
            self.troubles[UInt32(lease.line), default: Trouble()].refusals = refusals
            self.troubles[UInt32(lease.line)]?.isRefused = true
            let delay = self.policy.delay(afterRefusals: refusals, retryAfter: retryAfter, random: random)
            return self.putOff(lease.line, until: now.advanced(by: delay))
        case .preempted, .shutDown, .engineUnusable, .tierRefused:
            self.giveBack(lease.line)
            return .requeued
        }
    }

    /// The outcome is durable. False when the lease has no commit under way.
    public mutating func committed(_ lease: LineLease) -> Bool {
        guard self.isLive(lease), self.settling.remove(lease.line) else { return false }
        self.inFlight.remove(lease.line)
        self.done.insert(lease.line)
        self.troubles[UInt32(lease.line)] = nil
        return true
    }

    /// The outcome could not be stored: the line runs again. False when the lease has no commit under way.
    public mutating func commitFailed(_ lease: LineLease) -> Bool {
        guard self.isLive(lease), self.settling.remove(lease.line) else { return false }
        self.giveBack(lease.line)
        return true
    }

    /// An engine that had refused everything serves again: the lines that wait for it are ready now.
    public mutating func hurryRefused(now: Instant) {
        let troubles = self.troubles
        self.waiting.hurry(to: now) { troubles[UInt32($0)]?.isRefused == true }
    }

    /// Gives no lease any more; attempts in flight may still finish.
    public mutating func stop() { self.isStopped = true }

    private func trouble(_ line: Int) -> Trouble { self.troubles[UInt32(line)] ?? Trouble() }

    private func attempt(of line: Int) -> Int {
        let trouble = self.trouble(line)
        return 1 + trouble.failures + trouble.refusals + trouble.returns
    }

    private func isFresh(_ line: Int) -> Bool {
        !self.done.contains(line) && !self.inFlight.contains(line) && !self.held.contains(line)
    }

    private func isLive(_ lease: LineLease) -> Bool {
        lease.epoch == self.epoch && self.inFlight.contains(lease.line) && lease.attempt == self.attempt(of: lease.line)
    }

    private mutating func open(_ line: Int) -> LineLease {
        precondition(!self.done.contains(line) && self.inFlight.insert(line), "a line has one live attempt at most")
        self.held.remove(line)
        return LineLease(epoch: self.epoch, line: line, attempt: self.attempt(of: line))
    }

    private mutating func settle(_ lease: LineLease, _ fate: LineFate) -> Verdict {
        self.settling.insert(lease.line)
        return .commit(fate)
    }

    private mutating func putOff(_ line: Int, until ready: Instant) -> Verdict {
        self.inFlight.remove(line)
        self.held.insert(line)
        self.waiting.insert(line, ready: ready)
        return .retry(at: ready)
    }

    private mutating func giveBack(_ line: Int) {
        self.troubles[UInt32(line), default: Trouble()].returns += 1
        self.inFlight.remove(line)
        self.held.insert(line)
        self.returned.append(UInt32(line))
    }
}
