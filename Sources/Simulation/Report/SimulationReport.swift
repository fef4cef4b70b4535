public import Quantities
public import Scheduling

/// What came out of a simulation.
public struct SimulationReport: Sendable {
    public struct LaneReport: Sendable {
        public var arrived = 0
        public var finished = 0
        public var refused = 0
        public var failed = 0
        /// Clients that left before the end.
        public var gone = 0
        public var preempted = 0
        public var promptTokens = 0
        public var cachedTokens = 0
        public var outputTokens = 0
        public var wastedTokens = 0
        public var firstToken = Distribution()
        public var endToEnd = Distribution()
        /// Mean gap of each request.
        public var gap = Distribution()
        /// How long requests have waited that have no first token at the end.
        public var stillWaiting = Distribution()
        /// Waits that were foretold over what they were, of requests that waited a second or more.
        public var predictedWaits: [Double] = []
        /// Weighted service (``Scheduler/serviceSpread(_:)``) that one project was ahead of another at most.
        public var spreadMax = 0.0
        /// Requests without an end.
        public var open: Int { self.arrived - self.finished - self.refused - self.gone - self.failed }
    }

    /// One project's interactive and flex requests.
    public struct ProjectReport: Sendable {
        public var arrived = 0
        public var finished = 0
        public var promptTokens = 0
        public var outputTokens = 0
        public var firstToken = Distribution()
    }

    public struct BatchReport: Sendable {
        public let id: BatchID
        public let project: ProjectID
        public let lines: Int
        public let finished: Int
        /// Lines that came back from an engine unanswered, once or more often.
        public let returned: Int
        /// When its first line was sent, seconds.
        public let startedAt: Double?
        /// Tokens of prompts and answers that ended.
        public let tokens: Int
        /// Seconds; nil: not at its end.
        public let endedAt: Double?
        public let createdAt: Double
        public let deadline: Double
        /// A deadline beyond the simulated time is not missed yet.
        public let isMissed: Bool
    }

    public let duration: Int64
    public let engines: Int
    public internal(set) var lanes: [LaneReport]
    public internal(set) var batches: [BatchReport] = []
    /// Marginal work of all engines, nanoseconds; cancelled work included.
    public internal(set) var work: Int64 = 0
    public internal(set) var promptTokensComputed = 0
    /// Times that a sequence lost an engine's memory to others, and was computed again there.
    public internal(set) var pushedOut = 0
    public internal(set) var wastedWork: Int64 = 0
    public internal(set) var steps = 0
    public internal(set) var promotions = 0
    public internal(set) var violations: (count: Int, first: [String]) = (0, [])
    /// Output tokens of background work in each simulated second.
    public internal(set) var backgroundPerSecond: [Int]
    /// Interactive requests that have no first token yet, the most in each simulated second.
    public internal(set) var waitingPerSecond: [Int]
    public internal(set) var projects: [ProjectID: ProjectReport] = [:]
    /// Empty without prices.
    public internal(set) var earnings: [TierName: TierEarnings] = [:]
    /// Tokens that were decoded in each simulated second, of all requests.
    public internal(set) var decodedPerSecond: [Int]
    /// Requests that waited inside the engines at each tick.
    public internal(set) var engineQueue: [Int] = []
    /// Largest difference of service between two projects that had lines left to send.
    public internal(set) var serviceSpreadMost = 0.0
    /// Service of each project's batches at the end, over its weight.
    public internal(set) var batchService: [ProjectID: Double] = [:]
    /// Limits of all engines, added up over so many ticks.
    public internal(set) var limitSum = 0.0
    public internal(set) var standings = 0
    let shape: SteppedEngineShape
    private var prices: SimulatedPrices?
    private var waiting = 0

    init(setup: SimulationSetup) {
        self.duration = setup.duration
        self.engines = setup.engines
        self.shape = setup.shape
        self.lanes = [LaneReport](repeating: LaneReport(), count: Lane.allCases.count)
        self.backgroundPerSecond = [Int](repeating: 0, count: Int(setup.duration / 1_000_000_000) + 1)
        self.waitingPerSecond = self.backgroundPerSecond
        self.prices = setup.prices
        self.decodedPerSecond = self.backgroundPerSecond
    }

    public subscript(lane: Lane) -> LaneReport { self.lanes[lane.rawValue] }

    mutating func arrived(_ request: TraceRequest, now: Int64) {
        self.lanes[request.lane.rawValue].arrived += 1
        self.projects[request.project, default: ProjectReport()].arrived += 1
        if request.lane.isInteractive { self.waiting += 1 }
        self.tick(now: now)
    }

    mutating func refused(_ lane: Lane) {
        self.lanes[lane.rawValue].refused += 1
        if lane.isInteractive { self.waiting -= 1 }
    }

    mutating func tick(now: Int64) {
        let second = Int(now / 1_000_000_000)
        self.waitingPerSecond[second] = max(self.waitingPerSecond[second], self.waiting)
    }

    mutating func stillWaiting(_ lane: Lane, for nanoseconds: Int64) {
        self.lanes[lane.rawValue].stillWaiting.add(nanoseconds)
    }

    mutating func waited(_ lane: Lane, for nanoseconds: Int64, predicted: Double) {
        guard nanoseconds >= 1_000_000_000, predicted > 0 else { return }
        self.lanes[lane.rawValue].predictedWaits.append(predicted * 1e9 / Double(nanoseconds))
    }

    mutating func failed(_ lane: Lane) { self.lanes[lane.rawValue].failed += 1 }

    mutating func gone(_ lane: Lane?) {
        if let lane { self.lanes[lane.rawValue].gone += 1 }
    }

    mutating func wasted(_ lane: Lane, promptTokens: Int, outputTokens: Int) {
        self.lanes[lane.rawValue].preempted += 1
        self.lanes[lane.rawValue].wastedTokens += promptTokens + outputTokens
        self.wastedWork += self.shape.work(promptTokens: promptTokens, outputTokens: outputTokens)
    }

    mutating func step(decoding: Int, now: Int64) {
        self.steps += 1
        self.decodedPerSecond[Int(now / 1_000_000_000)] += decoding
    }

    mutating func firstToken(_ lane: Lane, arrivedAt: Int64, now: Int64, _ project: ProjectID) {
        self.lanes[lane.rawValue].firstToken.add(now - arrivedAt)
        if lane != .batch { self.projects[project, default: ProjectReport()].firstToken.add(now - arrivedAt) }
        if lane.isInteractive { self.waiting -= 1 }
    }

    mutating func finished(
        _ request: TraceRequest, _ tier: TierName, firstTokenAt: Int64, arrivedAt: Int64, now: Int64, cachedTokens: Int
    ) {
        self.charge(request, tier, now: now, cachedTokens: cachedTokens)
        if request.lane != .batch {
            self.projects[request.project, default: ProjectReport()].finished += 1
            self.projects[request.project, default: ProjectReport()].promptTokens += request.promptTokens
            self.projects[request.project, default: ProjectReport()].outputTokens += request.outputTokens
        }
        let lane = request.lane.rawValue
        self.lanes[lane].finished += 1
        self.lanes[lane].promptTokens += request.promptTokens
        self.lanes[lane].cachedTokens += cachedTokens
        self.lanes[lane].outputTokens += request.outputTokens
        self.lanes[lane].endToEnd.add(now - arrivedAt)
        if request.outputTokens > 1 {
            self.lanes[lane].gap.add((now - firstTokenAt) / Int64(request.outputTokens - 1))
        }
        if !request.lane.isInteractive { self.backgroundPerSecond[Int(now / 1_000_000_000)] += request.outputTokens }
    }

    private mutating func charge(_ request: TraceRequest, _ tier: TierName, now: Int64, cachedTokens: Int) {
        guard self.prices != nil else { return }
        let usage = TokenUsage(
            input: Int64(request.promptTokens), cachedInput: Int64(cachedTokens), output: Int64(request.outputTokens))
        var earnings = self.earnings[tier] ?? TierEarnings()
        earnings.requests += 1
        if let amount = self.prices?.charge(usage, tier: tier, at: now) {
            earnings.amount = Money(picodollars: earnings.amount.picodollars + amount.picodollars)
        } else {
            earnings.unpriced += 1
        }
        self.earnings[tier] = earnings
    }

    mutating func batch(_ state: Simulation.BatchState) {
        let batch = state.batch
        self.batches.append(
            BatchReport(
                id: batch.id, project: batch.project, lines: batch.lines.count, finished: state.finished,
                returned: state.returnedOnce.count,
                startedAt: state.startedAt.map { Double($0) / 1e9 }, tokens: state.tokens,
                endedAt: state.endedAt.map { Double($0) / 1e9 }, createdAt: Double(batch.createdAt) / 1e9,
                deadline: Double(batch.deadline) / 1e9,
                isMissed: state.endedAt.map { $0 > batch.deadline } ?? (self.duration >= batch.deadline)))
    }

    mutating func standing(_ scheduler: Scheduler, now: Int64) {
        self.standings += 1
        for lane in Lane.allCases {
            let spread = scheduler.serviceSpread(lane)
            self.lanes[lane.rawValue].spreadMax = max(self.lanes[lane.rawValue].spreadMax, spread)
        }
        for standing in scheduler.engineStandings { self.limitSum += Double(standing.limit) }
    }

    /// - Parameter projects: those whose batches have lines left to send.
    mutating func shares(_ scheduler: Scheduler, _ projects: [ProjectID]) {
        let service = projects.map { scheduler.service(of: $0, in: .batch) }
        guard let least = service.min(), let most = service.max() else { return }
        self.serviceSpreadMost = max(self.serviceSpreadMost, most - least)
    }

    mutating func scheduler(_ scheduler: Scheduler) {
        self.promotions = scheduler.statistics.promotions
        self.violations = scheduler.violations
    }

    /// Work relative to one engine that does nothing else, all engines together.
    public func utilisation(of saturated: Double) -> Double {
        Double(self.work) / Double(self.duration) / Double(self.engines) / saturated
    }

    /// Share of the work that was thrown away.
    public var waste: Double { self.work > 0 ? Double(self.wastedWork) / Double(self.work) : 0 }

    /// Output tokens of background work per simulated second.
    public var backgroundTokensPerSecond: Double {
        let tokens = self[.flex].outputTokens + self[.batch].outputTokens
        return Double(tokens) * 1e9 / Double(max(1, self.duration))
    }
}
