public import Quantities

/// Chooses an engine for each request: available by its breaker, least loaded for its weight; counts what is in flight.
///
/// Invariant: `inFlight` of every engine is never negative and equals starts minus finishes.
public struct EngineChooser: Sendable {
    private struct Load: Sendable {
        var inFlight = 0
        var health = EngineHealth()
    }

    private var loads: [EngineID: Load] = [:]

    public init() {}

    /// The best target not yet tried, or nil when none is available. Counts it as in flight.
    public mutating func choose(
        from targets: [EngineTarget], excluding tried: [EngineID], now: Instant
    ) -> EngineTarget? {
        var best: EngineTarget?
        var bestLoad = (inFlight: Int.max, weight: 1)
        for target in targets where !tried.contains(target.engine) {
            let load = self.loads[target.engine] ?? Load()
            guard load.health.isAvailable(now: now) else { continue }
            // Compare inFlight/weight as cross products; the first listed engine wins ties.
            if best == nil || load.inFlight * bestLoad.weight < bestLoad.inFlight * target.weight {
                best = target
                bestLoad = (load.inFlight, target.weight)
            }
        }
        guard let chosen = best, self.loads[chosen.engine, default: Load()].health.admits(now: now) else { return nil }
        self.loads[chosen.engine, default: Load()].inFlight += 1
        return chosen
    }

    public mutating func finished(_ engine: EngineID, failure: EngineFailure?, now: Instant) {
        guard var load = self.loads[engine] else { return }
        load.inFlight -= 1
        precondition(load.inFlight >= 0, "more requests finished than started")
        if let failure { load.health.failed(failure, now: now) } else { load.health.succeeded() }
        self.loads[engine] = load
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
