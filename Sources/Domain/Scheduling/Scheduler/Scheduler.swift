public import Quantities

/// Decides which request or batch line is sent to which engine, and when: a value that takes events with their time and
/// says what to do. No clock, no I/O; the gateway and the simulator drive the same type.
///
/// What holds at every moment is written in ``Invariants``; how each part decides stands with that part:
/// ``CapacityController`` (L), ``BackgroundController`` (B), ``ReserveController`` (R), ``ServiceCounters`` (fairness),
/// ``DeadlineReview`` (promotion).
public struct Scheduler: Sendable {
    /// How often one request or line may lose its place to a more urgent one.
    public static let preemptionsMax = 3
    /// Requests that wait, at most, over all lanes; one more is refused.
    public static let waitingMax = 50_000
    /// Flex requests that wait, at most, those held for hours too. Fewer than a gateway has connections, so that one is
    /// left on which an interactive request can come.
    public static let flexWaitingMax = 8_000
    static let reviewInterval: Duration = .seconds(10)
    static let retryAfterRange = (least: Duration.seconds(5), most: Duration.seconds(60))

    struct LineKey: Hashable, Sendable {
        let account: Int
        let pool: Int
        /// Engines that have failed the requests of this line: at the head of another one, a request that waits for
        /// the rest of the engines would keep from these what could go there.
        var avoided: [EngineID] = []
    }

    var engines: [EngineLoad] = []
    var engineIndex: [EngineID: Int] = [:]
    var pools: [Pool] = []
    var poolIndex: [PoolID: Int] = [:]
    var lines = [[LineKey: WaitingLine]](repeating: [:], count: Lane.allCases.count)
    var waiting: [WorkKey: Waiting] = [:]
    /// Of each lane, how many requests of each tier wait; a tier that was seen once stays.
    var waitingTiers: [[TierName: Int]] = Lane.allCases.map { [$0.tier: 0] }
    var running: [WorkKey: Running] = [:]
    /// Flex requests that wait for their model's hours; in no line.
    var held: [WorkKey: HeldRequest] = [:]
    /// Prompt tokens of these, and how many there are of each project, with their prompt tokens.
    var heldTokens = 0
    var heldOf: [ProjectID: (count: Int, tokens: Int)] = [:]
    /// Nothing is held any more.
    var isStopping = false
    var batches: [BatchID: OfferedBatch] = [:]
    var counters = [ServiceCounters](repeating: ServiceCounters(), count: Lane.allCases.count)
    /// Mean size of what was sent, in units: the measure of stickiness.
    var meanUnits = 1_000.0
    public internal(set) var statistics = SchedulerStatistics()
    /// The last minute of each lane.
    var windows = [LaneWindow](repeating: LaneWindow(), count: Lane.allCases.count)
    public internal(set) var peak = TokenPeak()
    /// Who lost its place to whom in the last event.
    public internal(set) var displacements: [Displacement] = []
    /// What the request that came in the last event found; nil: a place, as far as is known, or none came.
    public internal(set) var outlook: Outlook?
    var invariants = Invariants()
    var reviewedAt: Instant?
    /// Nothing that waits gives up before; it may be earlier than needed, never later.
    var givesUpFirst: Instant?
    var heldReviewedAt: Instant?
    var waitsReviewedAt: Instant?
    var queueVerifiedAt: Instant?
    var checkedAt: Instant?
    var now: Instant

    public init(now: Instant) { self.now = now }

    /// Takes an event in and appends what is to be done.
    public mutating func handle(_ event: SchedulerEvent, now: Instant, into actions: inout [SchedulerAction]) {
        // A clock that was set back must not turn ages negative.
        self.now = max(self.now, now)
        if !self.displacements.isEmpty { self.displacements.removeAll() }
        self.outlook = nil
        guard self.take(event, into: &actions) else { return }
        self.pump(into: &actions)
        switch event {
        case .tick: self.checkProgress()
        // Who does not wait was sent at once, or not at all.
        case .arrive(let request) where request.patience <= .zero: self.refuseWaiting(request.key, into: &actions)
        case .arrive(let request): self.explainWait(of: request.key)
        default: break
        }
    }

    /// - Returns: whether something may be sent that could not be before.
    private mutating func take(_ event: SchedulerEvent, into actions: inout [SchedulerAction]) -> Bool {
        switch event {
        case .engine(let profile): self.describe(profile)
        case .available(let id, let isAvailable): self.withEngine(id) { $0.set(available: isAvailable) }
        case .held(let id, let until):
            self.withEngine(id) { $0.heldUntil = until }
            self.reviewHeld()
        case .heldModel(let pool, let id, let until):
            self.hold(pool, at: id, until: until)
            self.reviewHeld()
        case .pool(let id, let engines, let weights): self.describe(id, engines, weights)
        case .weight(let project, let weight):
            for lane in Lane.allCases { self.counters[lane.rawValue].set(weight: weight, of: project) }
        case .together(let events): return events.reduce(false) { self.take($1, into: &actions) || $0 }
        case .arrive(let request): self.arrive(request, into: &actions)
        case .offer(let offer): self.offered(offer)
        case .withdraw(let batch): self.withdrawn(batch)
        case .lineStarted(let line): self.lineStarted(line, into: &actions)
        case .nothingReady(let batch, let engine, let until): self.nothingReady(batch, engine, until: until)
        case .firstToken(let key): self.firstToken(key)
        case .promptComputed(let key, let tokens):
            self.promptComputed(key, tokens: tokens)
            return false
        case .progress(let key, let tokens):
            self.progress(key, outputTokens: tokens)
            return false
        case .delivered(let key):
            if let place = self.running.index(forKey: key) { self.running.values[place].isDelivered = true }
            return false
        case .gap(let id, let gap):
            let now = self.now
            self.withEngine(id) { $0.observe(gap: gap, now: now) }
            return false
        case .finished(let key, let usage): self.finished(key, usage)
        case .failed(let key, let trouble): self.failed(key, trouble)
        case .refusedByEngine(let lane, let fallsBack):
            self.countRefusal(lane, fallsBack: fallsBack)
            return false
        case .gone(let key): self.gone(key)
        case .sample(let id, let sample):
            self.withEngine(id) { $0.capacity.observe(sample) }
            return false
        case .stop: self.stop(into: &actions)
        case .tick: self.tick(into: &actions)
        }
        return true
    }

    private mutating func withEngine(_ id: EngineID, _ change: (inout EngineLoad) -> Void) {
        guard let index = self.engineIndex[id] else { return }
        change(&self.engines[index])
    }

    private mutating func describe(_ profile: EngineProfile) {
        guard let index = self.engineIndex[profile.id] else {
            self.engineIndex[profile.id] = self.engines.count
            self.engines.append(EngineLoad(profile, now: self.now))
            return
        }
        self.engines[index].describe(profile)
    }

    private mutating func describe(_ id: PoolID, _ engines: [EngineID], _ weights: [Int]) {
        let place = self.poolIndex[id] ?? self.pools.count
        if place == self.pools.count {
            self.pools.append(Pool(id: id))
            self.poolIndex[id] = place
            for batch in self.batches.keys where self.batches[batch]?.offer.pool == id {
                self.batches[batch]?.pool = place
            }
        }
        self.pools[place].engines = engines.compactMap { self.engineIndex[$0] }
        let most = weights.max() ?? 1
        self.pools[place].parts = [:]
        for (engine, weight) in zip(engines, weights) where weight < most {
            guard let index = self.engineIndex[engine] else { continue }
            self.pools[place].parts[index] = Double(max(1, weight)) / Double(most)
        }
    }

    /// What every part of the scheduler does as time passes.
    private mutating func tick(into actions: inout [SchedulerAction]) {
        for index in self.engines.indices {
            self.engines[index].tick(isHolding: self.interactiveWaits(for: index), now: self.now)
        }
        for place in self.pools.indices {
            let isHeld = self.pools[place].engines.allSatisfy {
                !self.engines[$0].isAvailable || self.closedUntil($0, for: place) != nil
            }
            let hasBackground =
                self.pools[place].waiting[Lane.flex.rawValue] > 0
                || self.batches.values.contains {
                    $0.pool == place && $0.isReady(self.now) && !(isHeld && $0.rank == .batch)
                }
            let isWaiting = self.pools[place].interactiveWaiting > 0
            let serving = self.pools[place].engines.filter { self.engines[$0].serves(self.now) }
            let takesBackground = serving.contains { self.engines[$0].closedUntil(for: .batch, self.now) == nil }
            self.pools[place].rate.tick(
                isWaiting: isWaiting, hasBackground: hasBackground && takesBackground, isServed: !serving.isEmpty,
                now: self.now)
        }
        let now = self.now
        self.peak.observe(self.windows.reduce(0.0) { $0 + $1.tokensPerSecond(now: now) }, now: now)
        self.reviewHeld()
        self.refuseLate(into: &actions)
        self.reviewWaits(into: &actions)
        self.reviewDeadlines(force: false)
        for index in self.counters.indices { self.counters[index].sweep() }
        self.verify()
    }
}
