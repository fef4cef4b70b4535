public import Quantities
public import Scheduling

/// How the scheduler stands at one moment: for metrics and for `ebb top`.
public struct SchedulerSnapshot: Sendable {
    public struct LaneStanding: Sendable {
        public let lane: Lane
        /// Requests; in the batch lane lines that wait for their turn.
        public let waiting: Int
        /// The same by tier, in the order of their names.
        public let tiers: [(tier: TierName, waiting: Int)]
        public let running: Int
        /// Of those that wait, how many do so for hours of the week, and when the first of these begin.
        public let held: Int
        public let heldUntil: Instant?
        public let window: LaneWindow
        /// The largest difference of weighted service between two projects whose work waits.
        public let spread: Double
        /// Weighted service of the projects with work, in no order.
        fileprivate let working: [(project: ProjectID, service: Double)]

        /// Weighted service of the projects with work, the most first, at most `servicesMax` of them.
        public var services: [(project: ProjectID, service: Double)] {
            let sorted = self.working.sorted { ($1.service, $0.project) < ($0.service, $1.project) }
            return Array(sorted.prefix(SchedulerSnapshot.servicesMax))
        }
    }

    /// Projects of a lane that are told, those with most service.
    public static let servicesMax = 50

    public let at: Instant
    public let lanes: [LaneStanding]
    public internal(set) var engines: [EngineStanding]
    public let batches: [BatchStanding]
    public let statistics: SchedulerStatistics
    /// Rules of its own that the scheduler broke; see `Invariants`.
    public let violations: Int
    /// Output tokens a second over the most of the last hour.
    public let utilisation: Double?

    public init(_ scheduler: Scheduler, now: Instant) {
        let engines = scheduler.engineStandings
        let batches = scheduler.batchStandings
        let held = scheduler.heldFlex
        self.at = now
        self.lanes = Lane.allCases.map { lane in
            let tiers = Self.waiting(lane, scheduler, batches)
            return LaneStanding(
                lane: lane, waiting: tiers.reduce(0) { $0 + $1.waiting }, tiers: tiers,
                running: engines.reduce(0) { $0 + $1.inFlightByLane[lane.rawValue] },
                held: lane == .flex ? held?.count ?? 0 : 0, heldUntil: lane == .flex ? held?.opens : nil,
                window: scheduler.window(lane), spread: scheduler.serviceSpread(lane),
                working: scheduler.services(lane))
        }
        self.engines = engines
        self.batches = batches
        self.statistics = scheduler.statistics
        self.violations = scheduler.violations.count
        self.utilisation = scheduler.peak.utilisation(now: now)
    }

    private static func waiting(
        _ lane: Lane, _ scheduler: Scheduler, _ batches: [BatchStanding]
    ) -> [(tier: TierName, waiting: Int)] {
        var tiers = scheduler.waitingTiers(lane)
        if lane == .batch { for batch in batches { tiers[batch.tier, default: 0] += batch.waiting } }
        return tiers.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}

extension Lane {
    /// As metrics and the API say it.
    public var word: String {
        switch self {
        case .priority: "priority"
        case .standard: "standard"
        case .flex: "flex"
        case .batch: "batch"
        }
    }
}
