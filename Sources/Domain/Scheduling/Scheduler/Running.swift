import Quantities

/// A ``WorkRequest`` inside the scheduler: its project and its pool are places in lists, so that no event about it
/// hashes or copies their texts again.
struct Request: Sendable {
    let key: WorkKey
    let lane: Lane
    let account: Int
    let pool: Int
    let promptTokens: Int
    let outputTokens: Int
    private let giveUpAt: Instant
    /// The time that it had a place is added.
    private var fallsBackAt: Instant?
    /// It goes on in another tier when it is refused.
    let fallsBack: Bool
    /// It is refused when its whole wait will probably be longer.
    let patience: Duration
    let affinity: UInt64?
    let tier: TierName
    let avoided: [EngineID]

    init(_ request: WorkRequest, account: Int, pool: Int) {
        self.key = request.key
        self.lane = request.lane
        self.account = account
        self.pool = pool
        self.promptTokens = request.promptTokens
        self.outputTokens = request.outputTokens
        self.giveUpAt = request.giveUpAt
        self.fallsBackAt = request.fallsBackAt
        self.fallsBack = request.fallsBack
        self.patience = request.patience
        self.affinity = request.affinity
        self.tier = request.tier
        self.avoided = request.avoided
    }

    var sizeTokens: Int { self.promptTokens + self.outputTokens }
    var units: Double { ServiceUnits.of(prompt: self.promptTokens, output: self.outputTokens) }
    var line: Scheduler.LineKey { Scheduler.LineKey(account: self.account, pool: self.pool, avoided: self.avoided) }

    /// It is refused when it still waits then.
    var leavesAt: Instant { min(self.giveUpAt, self.fallsBackAt ?? self.giveUpAt) }

    /// It had a place for so long, and waits again.
    mutating func ran(for time: Duration) { self.fallsBackAt = self.fallsBackAt?.advanced(by: time) }

    /// As it came.
    func again(project: ProjectID, pool: PoolID) -> WorkRequest {
        var request = WorkRequest(
            key: self.key, lane: self.lane, project: project, pool: pool, promptTokens: self.promptTokens,
            outputTokens: self.outputTokens, patience: self.patience, giveUpAt: self.giveUpAt, affinity: self.affinity)
        request.fallsBackAt = self.fallsBackAt
        request.tier = self.tier
        request.fallsBack = self.fallsBack
        request.avoided = self.avoided
        return request
    }
}

/// A request in one of the lines.
struct Waiting: Sendable {
    let request: Request
    /// When it came, and the time later that it had a place: what has passed since then it has waited.
    let arrivedAt: Instant
    var preemptions = 0
    /// So long its prediction has been past its patience without a break.
    var lateSeconds = 0.0
}

/// A flex request that waits for its model's hours.
struct HeldRequest: Sendable {
    let request: WorkRequest
    let pool: Int
    let arrivedAt: Instant
    var preemptions = 0

    var units: Double { ServiceUnits.of(prompt: self.request.promptTokens, output: self.request.outputTokens) }
}

/// A request or a line at an engine.
struct Running: Sendable {
    let key: WorkKey
    let lane: Lane
    /// Its project's place in the counters of its lane.
    let account: Int
    let pool: Int
    let engine: Int
    let promptTokens: Int
    /// Those that the engine has probably not in its cache.
    let uncachedTokens: Int
    let expectedOutput: Int
    /// nil for a batch's line.
    let request: Request?
    let batch: BatchID?
    let arrivedAt: Instant
    let sentAt: Instant
    var firstTokenAt: Instant?
    /// Of the prompt, as the engine told; nil: it does not, or not yet.
    var promptComputed: Int?
    /// The engine computes what it was sent, whoever has left meanwhile.
    var isSunk = false
    var outputTokens = 0
    /// Units charged to the project's counter so far.
    var charged: Double
    var isDelivered = false
    var preemptions: Int

    var sizeTokens: Int { self.promptTokens + self.expectedOutput }

    /// - Returns: false when its first token had come before.
    mutating func begins(at now: Instant) -> Bool {
        guard self.firstTokenAt == nil else { return false }
        self.firstTokenAt = now
        return true
    }

    /// Work that a cancel throws away. Where the engine does not tell how much of a prompt is computed, it is nothing
    /// before the first token, unless it is known to go on, and all of it after.
    var computed: (prompt: Int, output: Int) {
        let isBegun = self.firstTokenAt != nil || self.isSunk
        return (self.promptComputed ?? (isBegun ? self.uncachedTokens : 0), self.outputTokens)
    }

    var computedTokens: Int { self.computed.prompt + self.computed.output }

    /// scheduling.md 9, "Preemption": never the fourth time, never close to its end, never what a client already reads.
    var canBePreempted: Bool {
        !self.lane.isInteractive && !self.isDelivered && self.preemptions < Scheduler.preemptionsMax
            && self.outputTokens * 5 < self.expectedOutput * 4
    }
}

/// A batch with work left.
struct OfferedBatch: Sendable {
    var offer: BatchOffer
    let offeredAt: Instant
    /// When a line of it was asked for last; at first, when it was offered.
    var askedAt: Instant
    var rank = Rank.batch
    /// Nothing is ready before.
    var pausedUntil: Instant?
    /// Nothing is ready before the next offer.
    var isParked = false
    var inFlight = 0
    /// Lines in flight and asked for are counted here until the next offer.
    var taken = 0
    /// Need over what can be served until its deadline, at the last review.
    var load = 0.0
    /// The highest load so far; nil: never reviewed.
    var loadMost: Double?
    var isOverdue = false
    /// Counted as waiting in its project's account.
    var isCounted = false
    /// Its project's place in the counters of the batch lane, while it is counted there.
    var account = 0
    /// nil while no engine is known to have its model.
    var pool: Int?

    /// A batch has work again, or a different amount of it.
    mutating func renew(_ offer: BatchOffer, pool: Int?) {
        self.offer = offer
        self.pool = pool
        self.taken = 0
        self.isParked = offer.isPaused
        self.pausedUntil = nil
    }

    /// It was asked for a line that it does not have now.
    mutating func notReady(until: Instant?) {
        self.taken = max(0, self.taken - 1)
        self.pausedUntil = until
        self.isParked = until == nil
    }

    /// It has lines to send, at once or after a pause.
    var hasLines: Bool { !self.isParked && self.offer.linesLeft > self.taken }

    func isReady(_ now: Instant) -> Bool {
        self.hasLines && (self.pausedUntil.map { $0 <= now } ?? true)
    }
}

/// The engines of a model, and what waits for them.
struct Pool: Sendable {
    let id: PoolID
    var engines: [Int] = []
    /// Of the engines that are to bear less than the one that bears most, their part of that.
    var parts: [Int: Double] = [:]
    /// Until when background work of this model waits at engines where it has hours of its own; nil there: it is open.
    var heldUntil: [Int: Instant?] = [:]
    var waiting = [Int](repeating: 0, count: Lane.allCases.count)
    /// Units of all requests that wait, by lane.
    var waitingUnits = [Double](repeating: 0, count: Lane.allCases.count)
    /// Flex requests that wait for the model's hours, and their units; they are not among the ones above.
    var held = (count: 0, units: 0.0)
    /// The opening as of the last tick; nil: its hours are now.
    var opensAt: Instant?
    /// When a place will probably come free, as of the last tick; nil: there is one, or nothing is known.
    var freeAt: Instant?
    /// The same while what runs is what ran at the last tick.
    var fullUntil: Instant?
    var rate = ServiceRate()
    /// Of the requests of each lane that ended.
    var sizes = [SizeRatio](repeating: SizeRatio(), count: Lane.allCases.count)
    var lineTime = LineTime()
    var placeTime = PlaceTime()

    var interactiveWaiting: Int { self.waiting[Lane.priority.rawValue] + self.waiting[Lane.standard.rawValue] }
}
