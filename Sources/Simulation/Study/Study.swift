public import Quantities
import Scheduling

/// A question about a load: how fast, how full, how dear, under which policy, with how many engines.
///
/// Holds what all runs have in common. Each run is a value of its own, so that a driver may carry several out side by
/// side; the same study gives the same figures.
public struct Study: Sendable {
    public struct Policy: Hashable, Sendable {
        public let name: String
        public let policy: SimulationSetup.Policy

        public init(_ name: String, _ policy: SimulationSetup.Policy) {
            self.name = name
            self.policy = policy
        }
    }

    public let load: Load
    public let shape: SteppedEngineShape
    /// Nanoseconds.
    public let duration: Int64
    public let seed: UInt64
    public var objectives: [Objective]
    public var prices: SimulatedPrices?
    /// What an engine costs in an hour.
    public var engineHour: Money?
    /// Work of an engine that is never idle, in each nanosecond.
    public let saturated: Double

    public init(
        _ load: Load, shape: SteppedEngineShape, duration: Int64, seed: UInt64, objectives: [Objective] = []
    ) {
        self.load = load
        var shape = shape
        if shape.cacheBlocks == 0, load.trace.hasChains {
            // The cache lives in the memory of the engine.
            shape.cacheBlocks = shape.memoryTokens / shape.blockTokens
        }
        self.shape = shape
        self.duration = duration
        self.seed = seed
        self.objectives = objectives
        self.saturated = Self.saturated(shape, load)
    }

    /// One run.
    public func run(_ policy: Policy, engines: Int, name: String? = nil, load: Load? = nil) -> RunFigures {
        let load = load ?? self.load
        var setup = SimulationSetup(
            trace: load.trace, batches: load.batches, shape: self.shape, engines: engines, policy: policy.policy,
            duration: self.duration)
        setup.prices = self.prices
        var simulation = Simulation(setup)
        return RunFigures(
            simulation.run(), name: name ?? policy.name, policy: policy.policy, saturated: self.saturated,
            objectives: self.objectives, engineHour: self.engineHour)
    }

    /// The load after a move, and how many requests it moved.
    public func moved(_ move: Move) -> (load: Load, count: Int) {
        move.applied(to: self.load, seed: self.seed, duration: self.duration)
    }

    private static let saturatedFor: Int64 = 300_000_000_000
    private static let saturatedLines = 20_000

    /// What an engine does that has more of this work than it can take.
    private static func saturated(_ shape: SteppedEngineShape, _ load: Load) -> Double {
        let sample = load.trace.requests.isEmpty ? load.batches.first?.lines ?? [] : load.trace.requests
        let lines = Load.cycled(Array(sample.prefix(Self.saturatedLines)), Self.saturatedLines)
        let batch = SimulatedBatch(id: "saturating", lines: lines, deadline: .max)
        var simulation = Simulation(
            SimulationSetup(
                trace: Trace([]), batches: [batch], shape: shape, policy: .flood, duration: Self.saturatedFor))
        return Double(simulation.run().work) / Double(Self.saturatedFor)
    }
}
