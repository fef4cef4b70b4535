public import Quantities

/// What the scheduler has done since it began; one figure for each ``Lane`` where it is a list.
public struct SchedulerStatistics: Hashable, Sendable {
    private static let none = [Int](repeating: 0, count: Lane.allCases.count)
    public internal(set) var arrived = Self.none
    public internal(set) var sent = Self.none
    public internal(set) var finished = Self.none
    public internal(set) var failed = Self.none
    public internal(set) var refused = Self.none
    /// Not refused but taken on to another lane, as their callers wished.
    public internal(set) var fellBack = Self.none
    public internal(set) var gone = Self.none
    public internal(set) var preempted = Self.none
    /// Of these, the ones that made room for a request of the lane `priority`.
    public internal(set) var preemptedForPriority = Self.none
    /// Tokens of cancelled work that must be computed again.
    public internal(set) var tokensWastedByLane = Self.none
    /// Tokens of attempts that failed at their engine.
    public internal(set) var tokensFailedByLane = Self.none
    /// Batches that were moved past their lane.
    public internal(set) var promotions = 0
}

/// How an engine stands at this moment.
public struct EngineStanding: Hashable, Sendable {
    public let engine: EngineID
    /// It can be reached. One that was away is not, for who looks on, until it has answered.
    public package(set) var isAvailable: Bool
    /// L, B and R (scheduling.md 9).
    public let limit: Int
    public let backgroundLimit: Int
    public let reserve: Int
    public let interactive: Int
    public let flex: Int
    public let lines: Int
    public let source: CapacityController.Source
    /// Since when the engine's metrics are known as they are; nil: it has not told any.
    public let sampledAt: Instant?
    public let heldUntil: Instant?
    /// Models with hours of their own that wait for them, by name.
    public let heldModels: [HeldModel]
    /// It refuses all background work for want of room.
    public let isRefusing: Bool

    /// One figure for each ``Lane``; lines that were asked for count.
    public let inFlightByLane: [Int]

    public var inFlight: Int { self.inFlightByLane.reduce(0, +) }
}

/// A model whose background work waits at an engine for hours of its own.
public struct HeldModel: Hashable, Sendable {
    public let model: PoolID
    public let until: Instant
}

/// How a batch stands at this moment.
public struct BatchStanding: Hashable, Sendable {
    public let batch: BatchID
    public let project: ProjectID
    public let rank: Rank
    /// Work due over what can be served until its deadline, at the last review; 0: not measured yet.
    public let load: Double
    public let inFlight: Int
    /// Lines that wait for their turn.
    public let waiting: Int
    public let tier: TierName
    public let deadline: Instant
    /// When the hours begin that it waits for; nil: it waits for none.
    public let heldUntil: Instant?
    /// When the hours of its model begin, though it may not wait for them; nil: they are now.
    public let opening: Instant?

    /// The time by which its work would be done before the deadline at the present rate; negative when late, nil while
    /// the rate is not known.
    public func slack(now: Instant) -> Duration? {
        guard self.load > 0 else { return nil }
        return .seconds(self.deadline.since(now).secondsApproximate * (1 - self.load))
    }
}

/// A more urgent request took the place of another, or of a line.
public struct Displacement: Hashable, Sendable {
    public let victim: WorkKey
    public let by: WorkKey
}

extension Scheduler {
    public var engineStandings: [EngineStanding] {
        var counts = [[Int]](
            repeating: [Int](repeating: 0, count: Lane.allCases.count), count: self.engines.count)
        for work in self.running.values { counts[work.engine][work.lane.rawValue] += 1 }
        for (index, engine) in self.engines.enumerated() { counts[index][Lane.batch.rawValue] += engine.pulls }
        return self.engines.enumerated().map { index, engine in
            EngineStanding(
                engine: engine.profile.id, isAvailable: engine.isAvailable, limit: engine.limit,
                backgroundLimit: min(engine.limit, engine.background.places), reserve: engine.reserve.places,
                interactive: engine.interactive, flex: engine.flex, lines: engine.lines + engine.pulls,
                source: engine.capacity.source, sampledAt: engine.capacity.sampledAt, heldUntil: engine.heldUntil,
                heldModels: self.heldModels(at: index),
                isRefusing: engine.isRefusing(self.now), inFlightByLane: counts[index])
        }
    }

    private func heldModels(at index: Int) -> [HeldModel] {
        self.pools.compactMap { pool in
            guard let until = pool.heldUntil[index] ?? nil, until > self.now else { return nil }
            return HeldModel(model: pool.id, until: until)
        }.sorted { $0.model < $1.model }
    }

    public var batchStandings: [BatchStanding] {
        self.batches.values.map { self.standing(of: $0) }.sorted { $0.batch < $1.batch }
    }

    /// nil for a batch that is not known here.
    public func standing(of batch: BatchID) -> BatchStanding? { self.batches[batch].map { self.standing(of: $0) } }

    private func standing(of batch: OfferedBatch) -> BatchStanding {
        let opening = batch.pool.flatMap { self.opening($0) }
        return BatchStanding(
            batch: batch.offer.batch, project: batch.offer.project, rank: batch.rank, load: batch.load,
            inFlight: batch.inFlight, waiting: max(0, batch.offer.linesLeft - batch.taken), tier: batch.offer.tier,
            deadline: batch.offer.deadline,
            heldUntil: batch.rank == .batch ? opening : nil, opening: opening)
    }

    /// Requests that wait, in no order, and what they wait for.
    public var waitingRequests: [(key: WorkKey, lane: Lane, pool: PoolID)] {
        self.waiting.values.map { ($0.request.key, $0.request.lane, self.pools[$0.request.pool].id) }
    }

    /// Requests and lines at engines.
    public var runningCount: Int { self.running.count }

    public func isRunning(_ key: WorkKey, at engine: EngineID) -> Bool { self.engine(of: key) == engine }

    /// Where a request or line runs; nil: it waits, or is unknown.
    public func engine(of key: WorkKey) -> EngineID? { self.running[key].map { self.engines[$0.engine].profile.id } }

    /// Flex that is held for its hours, too.
    public func waitingCount(_ lane: Lane) -> Int {
        self.pools.reduce(lane == .flex ? self.held.count : 0) { $0 + $1.waiting[lane.rawValue] }
    }

    /// Requests that wait, by tier.
    public func waitingTiers(_ lane: Lane) -> [TierName: Int] { self.waitingTiers[lane.rawValue] }

    /// Service that a project has had in a lane, over its weight; counted on from what others had when it came.
    public func service(of project: ProjectID, in lane: Lane) -> Double {
        self.counters[lane.rawValue].service(of: project)
    }

    /// The last minute of a lane.
    public func window(_ lane: Lane) -> LaneWindow { self.windows[lane.rawValue] }

    /// The weighted service of the projects that have work in this lane, in no order.
    public func services(_ lane: Lane) -> [(project: ProjectID, service: Double)] {
        self.counters[lane.rawValue].standings
    }

    /// The largest difference of weighted service between two projects whose work waits in this lane.
    public func serviceSpread(_ lane: Lane) -> Double { self.counters[lane.rawValue].spread }
}
