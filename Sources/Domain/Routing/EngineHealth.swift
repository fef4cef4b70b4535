public import Quantities

/// Circuit breaker of one engine: whether it can be reached.
///
/// ```
/// closed --(failuresToOpen in a row)--> open --(openFor passed)--> probing --success--> closed
///                                        ^                            |
///                                        +---------- failure ---------+   (openFor doubles, up to openForMax)
/// ```
/// Only `unreachable` and connect timeouts count. An engine that answers has been reached, whatever it says: faults are
/// those of the model that was asked (`ModelHealth`), and a busy engine is not a broken one (decision 0023).
public struct EngineHealth: Sendable {
    public static let failuresToOpen = 5
    public static let openForMin: Duration = .seconds(1)
    public static let openForMax: Duration = .seconds(30)

    public enum State: Equatable, Sendable {
        case closed(failures: Int)
        case open(until: Instant)
        case probing
    }

    public private(set) var state: State = .closed(failures: 0)
    private var openFor = EngineHealth.openForMin

    public init() {}

    /// Whether a call may be sent now. An open breaker whose time is over admits exactly one probe.
    public mutating func admits(now: Instant) -> Bool {
        switch self.state {
        case .closed: return true
        case .probing: return false
        case .open(let until):
            guard now >= until else { return false }
            self.state = .probing
            return true
        }
    }

    /// Whether `admits` would say yes, without taking the probe.
    public func isAvailable(now: Instant) -> Bool {
        switch self.state {
        case .closed: true
        case .probing: false
        case .open(let until): now >= until
        }
    }

    /// It is there, as far as is known.
    var isReached: Bool { if case .closed = self.state { true } else { false } }

    /// The probe was not made.
    mutating func unprobed(now: Instant) {
        if self.state == .probing { self.state = .open(until: now) }
    }

    /// The engine answers the probe, however long the rest of its answer takes.
    ///
    /// - Returns: whether this call was awaited.
    mutating func reached() -> Bool {
        guard self.state == .probing else { return false }
        self.state = .closed(failures: 0)
        return true
    }

    public mutating func succeeded() {
        self.state = .closed(failures: 0)
        self.openFor = Self.openForMin
    }

    public mutating func failed(_ failure: EngineFailure, now: Instant) {
        switch failure.kind {
        case .unreachable, .timeout(.connect): self.broke(now: now)
        case .fault: self.answered(endsRow: true)
        // The engine answered or we stopped; a probe that got this far found it alive.
        case .timeout, .cancelled, .capacity, .billing, .credential, .clientFault: self.answered(endsRow: false)
        }
    }

    /// A probe found it alive; so did a call whose answer ends a row of failures.
    mutating func answered(endsRow: Bool) {
        switch self.state {
        case .probing: self.state = .closed(failures: 0)
        case .closed where endsRow: self.state = .closed(failures: 0)
        case .closed, .open: break
        }
    }

    mutating func broke(now: Instant) {
        switch self.state {
        case .closed(let failures) where failures + 1 < Self.failuresToOpen:
            self.state = .closed(failures: failures + 1)
        case .closed:
            self.state = .open(until: now.advanced(by: self.openFor))
        case .open:
            // A call from before; its engine is known to be broken, and only a failed probe is news.
            break
        case .probing:
            self.openFor = min(self.openFor * 2, Self.openForMax)
            self.state = .open(until: now.advanced(by: self.openFor))
        }
    }
}
