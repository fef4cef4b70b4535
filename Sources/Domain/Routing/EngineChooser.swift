public import Quantities

/// The breaker of each engine, and what is in flight there. Which engine gets a request the scheduler decides.
///
/// Invariant: `inFlight` of every engine is never negative and equals starts minus finishes.
public struct EngineChooser: Sendable {
    private struct Load: Sendable {
        var inFlight = 0
        var health = EngineHealth()

        mutating func admits(now: Instant) -> Bool {
            guard self.health.admits(now: now) else { return false }
            self.inFlight += 1
            return true
        }
    }

    private var loads: [EngineID: Load] = [:]

    public init() {}

    /// Counts a call at this engine as in flight, unless its breaker refuses.
    public mutating func admits(_ engine: EngineID, now: Instant) -> Bool {
        self.loads[engine, default: Load()].admits(now: now)
    }

    public mutating func finished(_ engine: EngineID, failure: EngineFailure?, now: Instant) {
        guard let place = self.loads.index(forKey: engine) else { return }
        self.loads.values[place].inFlight -= 1
        precondition(self.loads.values[place].inFlight >= 0, "more requests finished than started")
        if let failure {
            self.loads.values[place].health.failed(failure, now: now)
        } else {
            self.loads.values[place].health.succeeded()
        }
    }

    /// A chosen engine was not asked after all: its place is free, and a probe that was not made is still to be made.
    public mutating func released(_ engine: EngineID, now: Instant) {
        guard var load = self.loads[engine] else { return }
        load.inFlight -= 1
        precondition(load.inFlight >= 0, "more requests finished than started")
        load.health.unprobed(now: now)
        self.loads[engine] = load
    }

    public func inFlight(_ engine: EngineID) -> Int { self.loads[engine]?.inFlight ?? 0 }

    public func isAvailable(_ engine: EngineID, now: Instant) -> Bool {
        self.loads[engine]?.health.isAvailable(now: now) ?? true
    }
}
