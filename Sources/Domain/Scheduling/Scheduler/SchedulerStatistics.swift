public import Quantities

/// What the scheduler has done since it began; one figure for each ``Lane`` where it is a list.
public struct SchedulerStatistics: Hashable, Sendable {
    private static let none = [Int](repeating: 0, count: Lane.allCases.count)
    public internal(set) var arrived = Self.none
    public internal(set) var sent = Self.none
    public internal(set) var finished = Self.none
    public internal(set) var failed = Self.none
    public internal(set) var refused = Self.none
    public internal(set) var gone = Self.none
    public internal(set) var preempted = Self.none
    public internal(set) var unitsServed = [Double](repeating: 0, count: Lane.allCases.count)
    /// Tokens of cancelled work that must be computed again.
    public internal(set) var tokensWasted = 0
    /// Batches that were moved past their lane.
    public internal(set) var promotions = 0
}

/// How an engine stands at this moment.
public struct EngineStanding: Hashable, Sendable {
    public let engine: EngineID
    public let isAvailable: Bool
    /// L, B and R (scheduling.md 9).
    public let limit: Int
    public let backgroundLimit: Int
    public let reserve: Int
    public let interactive: Int
    public let flex: Int
    public let lines: Int
    public let source: CapacityController.Source
    public let heldUntil: Instant?
}

/// How a batch stands at this moment.
public struct BatchStanding: Hashable, Sendable {
    public let batch: BatchID
    public let rank: Rank
    /// Work due over what can be served until its deadline, at the last review.
    public let load: Double
    public let inFlight: Int
}

extension Scheduler {
    public var engineStandings: [EngineStanding] {
        self.engines.map { engine in
            EngineStanding(
                engine: engine.profile.id, isAvailable: engine.isAvailable, limit: engine.limit,
                backgroundLimit: min(engine.limit, engine.background.places), reserve: engine.reserve.places,
                interactive: engine.interactive, flex: engine.flex, lines: engine.lines + engine.pulls,
                source: engine.capacity.source, heldUntil: engine.heldUntil)
        }
    }

    public var batchStandings: [BatchStanding] {
        self.batches.values.map {
            BatchStanding(batch: $0.offer.batch, rank: $0.rank, load: $0.load, inFlight: $0.inFlight)
        }.sorted { $0.batch < $1.batch }
    }

    public func isWaiting(_ key: WorkKey) -> Bool { self.waiting[key] != nil }

    public func isRunning(_ key: WorkKey, at engine: EngineID) -> Bool {
        self.running[key].map { self.engines[$0.engine].profile.id == engine } ?? false
    }

    public func waitingCount(_ lane: Lane) -> Int {
        self.pools.values.reduce(0) { $0 + $1.waiting[lane.rawValue] }
    }

    /// Service that a project has had in a lane, over its weight; counted on from what others had when it came.
    public func service(of project: ProjectID, in lane: Lane) -> Double {
        self.counters[lane.rawValue].service(of: project)
    }

    /// The largest difference of weighted service between two projects that have work in this lane.
    public func serviceSpread(_ lane: Lane) -> Double { self.counters[lane.rawValue].spread }
}
