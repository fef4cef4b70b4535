import Quantities
import Scheduling
import SchedulingTesting
import Testing

/// Random events in any order that a driver may send them, against a model of what runs and waits.
// A test that waits for a process of its own keeps a thread; one after the other leaves one of two free.
@Suite(.serialized) struct RandomEventsTests {
    static let name = "RandomEventsTests"

    @Test("any sequence of events keeps the rules, and nothing is lost")
    func random() async {
        let end = await #expect(processExitsWith: .success) {
            SeedRun(RandomEventsTests.name, seeds: 1_600).run { seed in
                var driver = RandomDriver(seed: seed)
                driver.run(steps: 300)
                return driver.flaws
            }
        }
        if end == nil { Issue.record("\(SeedRun.lastWords(of: Self.name))") }
    }

    @Test("a seed that traps and one that has flaws leave the command that replays them")
    func replay() async {
        await #expect(processExitsWith: .failure) {
            SeedRun("TrapTests", seeds: 9, environment: [:]).run { seed in
                precondition(seed < 3, "more ended than began")
                return []
            }
        }
        let trap = SeedRun.lastWords(of: "TrapTests")
        #expect(trap.hasPrefix("replay with: EBB_SEED=3 swift test --filter TrapTests\n"))
        #expect(trap.contains("more ended than began"))
        await #expect(processExitsWith: .exitCode(1)) {
            SeedRun("FlawTests", seeds: 9, environment: ["EBB_SEED": "70"]).run { ["I4 broken by \($0)"] }
        }
        #expect(
            SeedRun.lastWords(of: "FlawTests")
                == "replay with: EBB_SEED=70 swift test --filter FlawTests\nI4 broken by 70")
        #expect(SeedRun.lastWords(of: "FlawTests") == "no seed was begun")
    }
}

/// Sends random events and keeps its own books of what must follow from them.
struct RandomDriver {
    struct Call {
        var lane: Lane
        var engine: EngineID
        var batch: BatchID?
        var output = 0
        var hasFirst = false
    }

    static let pools = [PoolID("small"), PoolID("both")]
    static let engines: [EngineID] = ["one", "two", "three"]
    static let batches: [BatchID] = ["batch_1", "batch_2", "batch_3", "batch_4"]

    var generator: SeededGenerator
    var scheduler = Scheduler(now: Instant(seconds: 0))
    var now = Instant(seconds: 0)
    var running: [WorkKey: Call] = [:]
    var waiting: [WorkKey: WorkRequest] = [:]
    /// What was sent, until its end.
    var requests: [WorkKey: WorkRequest] = [:]
    var delivered: Set<WorkKey> = []
    var offered: Set<BatchID> = []
    var pulls: [(batch: BatchID, engine: EngineID)] = []
    var away: Set<EngineID> = []
    var nextKey: UInt64 = 0
    var flaws: [String] = []

    init(seed: UInt64) {
        self.generator = SeededGenerator(seed: seed)
        for engine in Self.engines { self.describe(engine) }
        self.send(.pool(Self.pools[0], [Self.engines[0]]))
        self.send(.pool(Self.pools[1], Self.engines))
    }

    mutating func any(_ range: Range<Int>) -> Int { Int.random(in: range, using: &self.generator) }
    mutating func chance(_ percent: Int) -> Bool { self.any(0..<100) < percent }

    /// A running call; sorted, as a dictionary's order is different each time.
    mutating func anyRunning() -> WorkKey? { self.running.keys.sorted().randomElement(using: &self.generator) }

    mutating func describe(_ engine: EngineID) {
        let limit = self.any(1..<24)
        let protections: [Protection] = [
            .protect, .balanced, .throughput, .none, .fixed(5),
            .objective(firstToken: .seconds(1), gap: .milliseconds(60)),
        ]
        self.send(
            .engine(
                EngineProfile(
                    id: engine, limitStart: limit, limitMax: limit + self.any(0..<20),
                    memoryTokens: self.chance(50) ? self.any(2_000..<20_000) : nil, isOwned: self.chance(80),
                    isFixed: self.chance(30), protection: protections[self.any(0..<protections.count)])))
    }

    mutating func require(_ holds: Bool, _ flaw: String) {
        if !holds { self.flaws.append("\(self.now.nanoseconds): \(flaw)") }
    }

    mutating func send(_ event: SchedulerEvent) {
        var actions: [SchedulerAction] = []
        self.scheduler.handle(event, now: self.now, into: &actions)
        for action in actions { self.follow(action) }
    }

    private mutating func follow(_ action: SchedulerAction) {
        switch action {
        case .dispatch(let key, let engine):
            guard let request = self.waiting.removeValue(forKey: key) else {
                return self.flaws.append("\(key) was sent without waiting")
            }
            self.require(!self.away.contains(engine), "\(key) was sent to an engine that is away")
            self.requests[key] = request
            self.running[key] = Call(lane: request.lane, engine: engine)
        case .pull(let batch, let engine):
            self.require(self.offered.contains(batch), "I8 \(batch) was asked without an offer")
            self.require(!self.away.contains(engine), "a line was asked for an engine that is away")
            self.require(!self.interactiveWaits(for: engine), "I2 \(batch) was asked before who waits for \(engine)")
            self.pulls.append((batch, engine))
        case .preempt(let key):
            guard let call = self.running.removeValue(forKey: key) else {
                return self.flaws.append("\(key) was preempted without running")
            }
            self.require(!call.lane.isInteractive, "interactive \(key) was preempted")
            if let request = self.requests[key] { self.waiting[key] = request }
        case .refuse(let key, let delay):
            self.require(self.waiting.removeValue(forKey: key) != nil, "\(key) was refused without waiting")
            self.require(delay >= .seconds(5) && delay <= .seconds(60), "a delay of \(delay)")
        }
    }

    /// An interactive request waits that this engine could serve; by these books, not by the scheduler's.
    private func interactiveWaits(for engine: EngineID) -> Bool {
        let pools = engine == Self.engines[0] ? Self.pools : [Self.pools[1]]
        return self.waiting.values.contains { $0.lane.isInteractive && pools.contains($0.pool) }
    }

    mutating func run(steps: Int) {
        for _ in 0..<steps {
            if self.chance(60) { self.now = self.now.advanced(by: .milliseconds(self.any(0..<700))) }
            self.step()
            self.check()
        }
        self.drain()
    }

    private mutating func step() {
        switch self.any(0..<100) {
        case 0..<22: self.arrive()
        case 22..<30: self.changeBatch()
        case 30..<52: if !self.pulls.isEmpty { self.answer(self.any(0..<self.pulls.count)) }
        case 52..<62: self.token()
        case 62..<76: if let key = self.anyRunning() { self.finish(key) }
        case 76..<80: self.fail()
        case 80..<84: self.leave()
        case 84..<86: self.toggle()
        case 86: self.describe(Self.engines[self.any(0..<3)])
        case 87:
            let until = self.chance(50) ? self.now.advanced(by: .seconds(self.any(1..<40))) : nil
            let engine = Self.engines[self.any(0..<3)]
            self.send(self.chance(50) ? .held(engine, until: until) : .heldModel(Self.pools[1], engine, until: until))
        case 88..<92: self.observe()
        case 92: self.send(.weight(ProjectID("proj_\(self.any(0..<4))"), Double(self.any(1..<5))))
        default: self.send(.tick)
        }
    }

    private mutating func check() {
        let violations = self.scheduler.violations
        // I11 speaks of offers that only shrink; these change at will.
        for words in violations.first where !words.hasPrefix("I11") && !self.flaws.contains(words) {
            self.flaws.append(words)
        }
        for lane in Lane.allCases {
            let count = self.waiting.values.count { $0.lane == lane }
            if self.scheduler.waitingCount(lane) != count { self.flaws.append("\(lane): what waits differs") }
        }
    }

    /// Everything ends: nothing waits that nobody would ever send.
    private mutating func drain() {
        for engine in Self.engines {
            self.send(.held(engine, until: nil))
            self.send(.heldModel(Self.pools[1], engine, until: nil))
        }
        for batch in Self.batches { self.send(.withdraw(batch)) }
        self.offered = []
        for engine in Self.engines where self.away.remove(engine) != nil { self.send(.available(engine, true)) }
        for _ in 0..<5_000 where !(self.running.isEmpty && self.waiting.isEmpty && self.pulls.isEmpty) {
            self.now = self.now.advanced(by: .milliseconds(500))
            while !self.pulls.isEmpty { self.answer(0) }
            for key in self.running.keys.sorted() where self.running[key] != nil { self.finish(key) }
            self.send(.tick)
        }
        self.require(self.running.isEmpty && self.waiting.isEmpty, "\(self.waiting.count) wait for ever")
        self.check()
    }
}

extension RandomDriver {
    private mutating func arrive() {
        self.nextKey += 1
        let lanes: [Lane] = [.priority, .standard, .standard, .flex, .flex]
        let request = WorkRequest(
            key: WorkKey(self.nextKey), lane: lanes[self.any(0..<5)], project: ProjectID("proj_\(self.any(0..<4))"),
            pool: Self.pools[self.any(0..<2)], promptTokens: self.any(1..<1_500), outputTokens: self.any(1..<500),
            patience: .seconds(self.any(0..<200)), giveUpAt: self.now.advanced(by: .seconds(self.any(1..<200))),
            affinity: self.chance(50) ? UInt64(self.any(0..<5)) : nil)
        self.waiting[request.key] = request
        self.send(.arrive(request))
    }

    private mutating func changeBatch() {
        let batch = Self.batches[self.any(0..<4)]
        if self.offered.contains(batch), self.chance(30) {
            self.offered.remove(batch)
            self.send(.withdraw(batch))
            return
        }
        self.offered.insert(batch)
        let place = Int(batch.text.suffix(1)) ?? 0
        self.send(
            .offer(
                BatchOffer(
                    batch: batch, project: ProjectID("proj_\(place % 3)"), pool: Self.pools[place % 2],
                    deadline: Instant(seconds: Int64(60 * place)), linesLeft: self.any(0..<60),
                    promptTokens: self.any(1..<1_000), outputTokens: self.any(1..<300))))
    }

    mutating func answer(_ place: Int) {
        let pull = self.pulls.remove(at: place)
        if self.offered.contains(pull.batch) || self.chance(30), !self.away.contains(pull.engine), self.chance(85) {
            self.nextKey += 1
            let key = WorkKey(self.nextKey)
            self.running[key] = Call(lane: .batch, engine: pull.engine, batch: pull.batch)
            self.send(
                .lineStarted(
                    BatchLine(
                        key: key, batch: pull.batch, engine: pull.engine, promptTokens: self.any(1..<1_000),
                        outputTokens: self.any(1..<300), preemptions: self.any(0..<4))))
        } else {
            let until = self.chance(50) ? self.now.advanced(by: .seconds(1)) : nil
            self.send(.nothingReady(pull.batch, pull.engine, until: until))
        }
    }

    private mutating func token() {
        guard let key = self.anyRunning(), var call = self.running[key] else { return }
        if call.hasFirst {
            call.output += self.any(0..<60)
            self.running[key] = call
            self.send(.progress(key, outputTokens: call.output))
            if self.chance(10), call.batch == nil {
                self.delivered.insert(key)
                self.send(.delivered(key))
            }
        } else {
            self.running[key]?.hasFirst = true
            self.send(.firstToken(key))
        }
    }

    mutating func finish(_ key: WorkKey) {
        self.running[key] = nil
        self.requests[key] = nil
        self.send(
            .finished(
                key, WorkUsage(cachedTokens: self.any(0..<9), computedTokens: self.any(1..<900), outputTokens: 50)))
    }

    private mutating func fail() {
        guard let key = self.anyRunning() else { return }
        let troubles: [EngineTrouble] = [
            .request, .lost, .unreached, .flexFull, .capacity(retryAfter: nil),
            .capacity(retryAfter: .seconds(self.any(1..<90))),
        ]
        self.fail(key, troubles[self.any(0..<troubles.count)])
    }

    private mutating func fail(_ key: WorkKey, _ trouble: EngineTrouble) {
        self.running[key] = nil
        let request = self.requests.removeValue(forKey: key)
        // It waits again before anything else is done with it.
        if trouble != .request, let request { self.waiting[key] = request }
        if self.delivered.contains(key) { self.waiting[key] = nil }
        self.send(.failed(key, trouble))
    }

    private mutating func leave() {
        if self.chance(50), let key = self.waiting.keys.sorted().randomElement(using: &self.generator) {
            self.waiting[key] = nil
            self.send(.gone(key))
        } else if let key = self.anyRunning() {
            self.running[key] = nil
            self.requests[key] = nil
            self.send(.gone(key))
        }
    }

    private mutating func toggle() {
        let engine = Self.engines[self.any(0..<3)]
        if self.away.remove(engine) != nil { return self.send(.available(engine, true)) }
        self.away.insert(engine)
        self.send(.available(engine, false))
        for key in self.running.keys.sorted() where self.running[key]?.engine == engine { self.fail(key, .lost) }
    }

    private mutating func observe() {
        let engine = Self.engines[self.any(0..<3)]
        self.send(.gap(engine, .milliseconds(self.any(10..<90))))
        self.send(
            .sample(
                engine,
                EngineSample(
                    waiting: self.any(0..<6), running: self.any(0..<20),
                    at: self.now.advanced(by: .seconds(-self.any(0..<8))))))
    }
}
