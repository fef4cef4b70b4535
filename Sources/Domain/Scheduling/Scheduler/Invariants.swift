package import Quantities

/// What must hold at every moment (scheduling.md 9, I1 to I14); checked at each dispatch and tick, in production and in
/// simulation.
///
/// A broken rule of counting stops the process, as everything after it would be wrong. A broken rule of policy is
/// counted and kept for the log: traffic goes on. What concerns lines and money is checked where they are kept: one
/// live attempt and one outcome for each line (I3, I4) in `LineLedger` and in the simulation, one charge for each
/// outcome (I5) and what is reported (I7) by the store, that nothing costs more than was held for it (I6) in
/// `HoldBook`. A batch's lines are never here (I14): ``BatchOffer`` has counts only.
public struct Invariants: Sendable {
    /// Broken rules, the first few in words.
    public private(set) var broken: [String] = []
    public private(set) var brokenCount = 0
    package static let keptMax = 16
    /// Load up to which no deadline may be missed.
    static let loadKept = 0.9
    /// How long background work may find no more places while nobody is disturbed and there is room.
    static let idleMax: Duration = .seconds(2)

    package init() {}

    package mutating func require(_ holds: Bool, _ rule: @autoclosure () -> String) {
        guard !holds else { return }
        self.brokenCount += 1
        if self.broken.count < Self.keptMax { self.broken.append(rule()) }
    }

    /// I1: in flight at most the limit, and no more tokens than the engine holds; one request alone may be larger.
    ///
    /// - Parameter tokens: of everything in flight there; nil: not known yet, as of a line that was only asked for.
    package mutating func requirePlace(
        at engine: @autoclosure () -> EngineID, inFlight: Int, of limit: Int, tokens: Int? = nil, of memory: Int? = nil
    ) {
        self.require(inFlight <= limit, "I1 \(engine()): \(inFlight) in flight, at most \(limit)")
        guard let tokens, let memory, inFlight > 1 else { return }
        self.require(tokens <= memory, "I1 \(engine()): \(tokens) tokens in flight, more than its memory")
    }

    /// I2: no line while an interactive request waits for the engine or computes its prompt there.
    ///
    /// - Parameter isOpen: no such prompt keeps lines back, or the batch is late and may pass it.
    package mutating func requireQuiet(for batch: BatchID, interactiveWaits: Bool, isOpen: Bool) {
        self.require(!interactiveWaits, "I2 \(batch) was asked while an interactive request waits")
        self.require(isOpen, "I2 \(batch) was asked while an interactive prompt is computed")
    }

    /// I10: the batch that was asked has had no more than another that is ready, but for what the engine's cache is
    /// worth.
    ///
    /// - Parameter meanUnits: a request of mean size.
    package mutating func requireTurn(
        of batch: BatchID, service: Double, before other: BatchID, otherService: Double, meanUnits: Double
    ) {
        self.require(
            otherService >= service - Scheduler.stickiness * meanUnits - 1,
            "I10 \(batch) was asked although \(other) has had much less")
    }

    /// I1 where a request was sent, I9 of requests and lines: preempted at most three times.
    mutating func sent(_ work: Running, at engines: [EngineLoad]) {
        // Looked at where it stands: a copy of the engine for each request costs more than the rules.
        let index = work.engine
        if work.request != nil {
            self.requirePlace(
                at: engines[index].profile.id, inFlight: engines[index].inFlight, of: engines[index].profile.limitMax,
                tokens: engines[index].tokens, of: engines[index].profile.memoryTokens)
        }
        self.require(
            work.preemptions <= Scheduler.preemptionsMax, "I9 \(work.key) was preempted \(work.preemptions) times")
    }
}

extension Scheduler {
    /// Rules that were broken so far, in words, and how many times.
    public var violations: (count: Int, first: [String]) { (self.invariants.brokenCount, self.invariants.broken) }

    /// I1, I2 and I10 where a line is about to be asked for. A late batch's lines pass prompts one at a time and one a
    /// second, and take no turns.
    mutating func checkPull(_ asked: OfferedBatch, _ index: Int) {
        let batch = asked.offer.batch
        self.invariants.requireQuiet(
            for: batch, interactiveWaits: self.interactiveWaits(for: index),
            isOpen: self.engines[index].opensForLines(asked.rank, self.now))
        self.invariants.requirePlace(
            at: self.engines[index].profile.id, inFlight: self.engines[index].inFlight + 1,
            of: self.engines[index].profile.limitMax)
        guard asked.rank != .critical else { return }
        let service = self.counters[Lane.batch.rawValue].service(of: asked.account)
        for other in self.batches.values where other.rank == asked.rank && other.isReady(self.now) {
            guard self.isEligible(other, index), !self.isHeld(other, at: index) else { continue }
            self.invariants.requireTurn(
                of: batch, service: service, before: other.offer.batch,
                otherService: self.counters[Lane.batch.rawValue].service(of: other.account), meanUnits: self.meanUnits)
        }
    }

    /// I11: a batch whose load was never above 0.9 ends in time. I12: places for background work grow while there is
    /// work, room and nobody to disturb.
    mutating func checkProgress() {
        for id in self.batches.keys.sorted() {
            guard let batch = self.batches[id], !batch.isOverdue, batch.offer.deadline <= self.now else { continue }
            self.batches[id]?.isOverdue = true
            self.invariants.require(
                batch.unitsLeft <= 0 || (batch.loadMost ?? .infinity) > Invariants.loadKept,
                "I11 \(id) misses its deadline, its load was \(batch.loadMost ?? 0)")
        }
        // Limits grow at ticks; without these nothing can be said.
        let isSteady = self.checkedAt.map { self.now.since($0) <= .seconds(1) } ?? false
        self.checkedAt = self.now
        for index in self.engines.indices {
            guard isSteady, self.couldTakeMore(index) else {
                self.engines[index].stalled = nil
                continue
            }
            let count = self.engines[index].backgroundCount
            let places = self.engines[index].background.places
            guard let stalled = self.engines[index].stalled, count <= stalled.count, places <= stalled.places else {
                self.engines[index].stalled = (self.now, count, places)
                continue
            }
            guard self.now.since(stalled.since) > Invariants.idleMax else { continue }
            self.invariants.require(
                false, "I12 \(self.engines[index].profile.id) idles beside work with \(count) in flight")
            self.engines[index].stalled = nil
        }
    }

    /// Background work is ready, the engine has room, nobody would be disturbed: only B is in the way.
    private func couldTakeMore(_ index: Int) -> Bool {
        let engine = self.engines[index]
        switch engine.profile.protection {
        // Times that must hold bound B for who comes within a minute, too.
        case .fixed, .objective: return false
        case .gapRatio, .none: if engine.isHeldBack { return false }
        }
        guard engine.isOpen(for: .batch, self.now), engine.overload.places(self.now) == nil, !engine.isShared(self.now),
            !self.interactiveWaits(for: index), engine.inFlight < engine.limit - engine.reserve.places,
            engine.opensForLines(self.now)
        else { return false }
        return self.nextBatches(for: index)[.batch] != nil
            && ![.critical, .flex, .batch].contains { self.drains(index, for: $0) }
    }

    /// Counts the state again from its parts.
    mutating func verify() {
        var counted = [EngineCount](repeating: EngineCount(), count: self.engines.count)
        var inFlight: [BatchID: Int] = [:]
        var running = [Int](repeating: 0, count: Lane.allCases.count)
        for work in self.running.values {
            counted[work.engine].add(work)
            running[work.lane.rawValue] += 1
            if let batch = work.batch { inFlight[batch, default: 0] += 1 }
        }
        for (index, engine) in self.engines.enumerated() {
            precondition(
                counted[index] == EngineCount(engine),
                "what runs at \(engine.profile.id) and what is counted there differ")
        }
        for batch in self.batches.values {
            precondition(batch.inFlight == inFlight[batch.offer.batch] ?? 0, "a batch's lines in flight differ")
        }
        let waiting = self.pools.reduce(0) { $0 + $1.waiting.reduce(0, +) }
        precondition(waiting == self.waiting.count, "what waits and what is counted differ")
        let held = self.pools.reduce(0) { $0 + $1.held.count }
        precondition(held == self.held.count, "what is held and what is counted differ")
        for lane in Lane.allCases {
            precondition(
                self.counters[lane.rawValue].running == running[lane.rawValue],
                "what runs and what the shares count differ")
        }
        self.verifyQueue()
    }

    /// A long queue is counted every ten seconds, so that an overload does not slow the ticks.
    private mutating func verifyQueue() {
        if self.waiting.count > 1_000, let last = self.queueVerifiedAt, self.now.since(last) < .seconds(10) { return }
        self.queueVerifiedAt = self.now
        var waiting = [Int](repeating: 0, count: Lane.allCases.count)
        for entry in self.waiting.values { waiting[entry.request.lane.rawValue] += 1 }
        waiting[Lane.batch.rawValue] = self.batches.values.reduce(0) { $0 + ($1.isCounted ? 1 : 0) }
        for lane in Lane.allCases {
            precondition(
                self.counters[lane.rawValue].waiting == waiting[lane.rawValue],
                "what waits and what the shares count differ")
        }
    }
}

/// What is in flight at an engine, counted anew.
private struct EngineCount: Equatable {
    var interactive = 0
    var flex = 0
    var lines = 0
    var tokens = 0
    var interactiveBeforeFirst = 0
    var flexBeforeFirst = 0
    var linesBeforeFirst = 0
    var background = 0

    init() {}

    init(_ engine: EngineLoad) {
        self.interactive = engine.interactive
        self.flex = engine.flex
        self.lines = engine.lines
        self.tokens = engine.tokens
        self.interactiveBeforeFirst = engine.interactiveBeforeFirst.count
        self.flexBeforeFirst = engine.flexBeforeFirst
        self.linesBeforeFirst = engine.linesBeforeFirst
        self.background = engine.backgroundKeys.count
    }

    mutating func add(_ work: Running) {
        let before = work.firstTokenAt == nil ? 1 : 0
        self.tokens += work.sizeTokens
        switch work.lane {
        case .priority, .standard:
            self.interactive += 1
            self.interactiveBeforeFirst += before
        case .flex:
            self.flex += 1
            self.flexBeforeFirst += before
            self.background += 1
        case .batch:
            self.lines += 1
            self.linesBeforeFirst += before
            self.background += 1
        }
    }
}
