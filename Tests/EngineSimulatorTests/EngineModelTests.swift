import EngineSimulator
import Quantities
import Testing

/// Drives a model in virtual time and notes what it says, with the moment in milliseconds.
struct VirtualEngine {
    var model: EngineModel
    var now: Int64 = 0
    /// Milliseconds at which each request finished, and its cached tokens.
    var finishedAt: [UInt64: Int64] = [:]
    var cachedTokens: [UInt64: Int] = [:]
    /// Milliseconds of each decoding step, by request.
    var stepsAt: [UInt64: [Int64]] = [:]
    var finishOrder: [UInt64] = []
    private var wakeAt: Int64?

    init(_ change: (inout EngineRates) -> Void) {
        var rates = EngineRates()
        change(&rates)
        self.model = EngineModel(rates: rates, now: Instant(nanoseconds: 0))
    }

    private var instant: Instant { Instant(nanoseconds: self.now) }

    private mutating func take(_ actions: [EngineModel.Action]) {
        self.wakeAt = nil
        for action in actions {
            switch action {
            case .steps(let id, let count):
                self.stepsAt[id, default: []].append(contentsOf: repeatElement(self.now / 1_000_000, count: count))
            case .finished(let id, let cached):
                self.finishedAt[id] = self.now / 1_000_000
                self.cachedTokens[id] = cached
                self.finishOrder.append(id)
            case .wake(let at): self.wakeAt = at.nanoseconds
            }
        }
    }

    @discardableResult
    mutating func arrive(_ request: ModelRequest) -> Bool {
        var actions: [EngineModel.Action] = []
        let isTaken = self.model.arrive(request, now: self.instant, into: &actions)
        self.take(actions)
        return isTaken
    }

    mutating func cancel(_ id: UInt64) {
        var actions: [EngineModel.Action] = []
        self.model.cancel(id, now: self.instant, into: &actions)
        self.take(actions)
    }

    /// Goes from wake to wake until `milliseconds`.
    mutating func run(until milliseconds: Int64) {
        while let wakeAt, wakeAt <= milliseconds * 1_000_000 {
            self.now = wakeAt
            self.tick()
        }
        self.now = milliseconds * 1_000_000
        self.tick()
    }

    mutating func tick() {
        var actions: [EngineModel.Action] = []
        self.model.tick(now: self.instant, into: &actions)
        self.take(actions)
    }

    /// Goes to the end of all work.
    mutating func runToEnd() {
        while let wakeAt {
            self.now = wakeAt
            self.tick()
        }
    }
}

@Suite("The engine's model") struct EngineModelTests {
    static func request(_ id: UInt64, prompt: Int = 100, output: Int = 10, chain: [UInt64] = []) -> ModelRequest {
        ModelRequest(id: id, promptTokens: prompt, chain: chain, outputTokens: output)
    }

    @Test("a prompt takes its tokens over the prefill rate, then a token comes per step")
    func timing() {
        var engine = VirtualEngine {
            $0.prefillPerSecond = 1_000
            $0.decodePerSecond = 100
        }
        engine.arrive(Self.request(1, prompt: 200, output: 4))
        engine.runToEnd()
        #expect(engine.stepsAt[1] == [200, 210, 220, 230])
        #expect(engine.finishedAt[1] == 230)
        #expect(engine.model.statistics.generationTokens == 4)
        #expect(engine.model.statistics.promptTokens == 200)
        #expect(engine.model.statistics.interToken.total == 3)
        #expect(engine.model.statistics.interToken.sumNanoseconds == 30_000_000)
        #expect(engine.model.statistics.firstToken.sumNanoseconds == 200_000_000)
    }

    @Test("prompts are computed one after another in order of arrival")
    func prefillInOrder() {
        var engine = VirtualEngine {
            $0.prefillPerSecond = 1_000
            $0.decodePerSecond = 1_000
        }
        for id in 1...3 as ClosedRange<UInt64> { engine.arrive(Self.request(id, prompt: 100, output: 1)) }
        engine.runToEnd()
        #expect(engine.finishedAt == [1: 100, 2: 200, 3: 300])
    }

    @Test("never more requests run than there are slots, and the line moves first come first served")
    func slots() {
        var engine = VirtualEngine {
            $0.slots = 2
            $0.decodePerSecond = 100
        }
        for id in 1...5 as ClosedRange<UInt64> { engine.arrive(Self.request(id, output: 11)) }
        #expect(engine.model.runningCount == 2)
        #expect(engine.model.waitingCount == 3)
        engine.run(until: 50)
        #expect(engine.model.runningCount == 2)
        engine.runToEnd()
        #expect(engine.finishedAt == [1: 100, 2: 100, 3: 200, 4: 200, 5: 300])
        #expect(engine.model.runningCount == 0)
        #expect(engine.model.statistics.queueTime.total == 5)
        #expect(engine.model.statistics.queueTime.sumNanoseconds == 400_000_000)
    }

    @Test("a cancelled request frees its slot at once for the next in line")
    func cancelRunning() {
        var engine = VirtualEngine {
            $0.slots = 1
            $0.decodePerSecond = 100
        }
        engine.arrive(Self.request(1, output: 101))
        engine.arrive(Self.request(2, output: 2))
        engine.run(until: 30)
        engine.cancel(1)
        #expect(engine.model.waitingCount == 0)
        engine.runToEnd()
        #expect(engine.finishedAt == [2: 40])
        #expect(engine.model.statistics.cancelled == 1)
        // Four tokens of the cancelled one (at 0, 10, 20, 30) and two of the other.
        #expect(engine.model.statistics.generationTokens == 6)
    }

    @Test("a cancelled request leaves the line without disturbing the others")
    func cancelWaiting() {
        var engine = VirtualEngine {
            $0.slots = 1
            $0.decodePerSecond = 100
        }
        for id in 1...4 as ClosedRange<UInt64> { engine.arrive(Self.request(id, output: 2)) }
        engine.cancel(3)
        engine.cancel(99)
        #expect(engine.model.waitingCount == 2)
        engine.runToEnd()
        #expect(engine.finishOrder == [1, 2, 4])
        #expect(engine.model.statistics.cancelled == 1)
    }

    @Test("a full line refuses and changes nothing")
    func lineFull() {
        var engine = VirtualEngine {
            $0.slots = 1
            $0.waitingMax = 1
            $0.decodePerSecond = 100
        }
        let taken = (1...3).map { engine.arrive(Self.request($0)) }
        #expect(taken == [true, true, false])
        engine.runToEnd()
        #expect(engine.finishOrder == [1, 2])
        #expect(engine.model.statistics.refused == 1)
    }

    @Test("many sequences slow each other when a sequence has a cost")
    func stepCost() {
        func time(_ count: UInt64) -> Int64? {
            var engine = VirtualEngine {
                $0.stepBase = .milliseconds(28)
                $0.stepPerSequence = .milliseconds(1)
            }
            for id in 1...count { engine.arrive(Self.request(id, output: 11)) }
            engine.runToEnd()
            return engine.finishedAt[1]
        }
        #expect(time(1) == 290)
        #expect(time(32) == 600)
    }

    @Test("late ticks end where punctual ones do", arguments: [1, 7, 50, 400] as [Int64])
    func lateTicks(_ every: Int64) {
        func replay(_ advance: (inout VirtualEngine, Int64) -> Void) -> VirtualEngine {
            var engine = VirtualEngine {
                $0.slots = 3
                $0.prefillPerSecond = 5_000
                $0.stepBase = .milliseconds(9)
                $0.stepPerSequence = .milliseconds(2)
            }
            var generator = SeededGenerator(seed: 7)
            for id in 0..<20 as Range<UInt64> {
                engine.arrive(
                    Self.request(
                        id, prompt: Int.random(in: 1...300, using: &generator),
                        output: Int.random(in: 1...40, using: &generator)))
                advance(&engine, Int64(id + 1) * 20)
            }
            advance(&engine, 10_000)
            return engine
        }
        let punctual = replay { $0.run(until: $1) }
        let late = replay { engine, target in
            while engine.now < target * 1_000_000 {
                engine.now = min(engine.now + every * 1_000_000, target * 1_000_000)
                engine.tick()
            }
        }
        #expect(late.finishOrder == punctual.finishOrder)
        #expect(late.finishOrder.count == 20)
        #expect(late.model.statistics == punctual.model.statistics)
        #expect(late.stepsAt.mapValues(\.count) == punctual.stepsAt.mapValues(\.count))
    }

    @Test("without rates everything is done on arrival and nothing has to be waited for")
    func instant() {
        var engine = VirtualEngine { _ in }
        engine.arrive(Self.request(1, output: 500))
        #expect(engine.finishedAt == [1: 0])
        #expect(engine.stepsAt[1]?.count == 500)
        var actions: [EngineModel.Action] = []
        engine.model.tick(now: Instant(nanoseconds: 1), into: &actions)
        #expect(actions.isEmpty)
    }

    @Test("latency comes before the first token, and a slowed request has ten times as much of all before it")
    func latency() {
        var engine = VirtualEngine {
            $0.prefillPerSecond = 10_000
            $0.latency = .milliseconds(5)
        }
        engine.arrive(Self.request(1, prompt: 100, output: 3))
        engine.runToEnd()
        #expect(engine.finishedAt[1] == 15)
        var slowed = Self.request(2, prompt: 100, output: 3)
        slowed.firstTokenFactor = 10
        engine.arrive(slowed)
        engine.runToEnd()
        #expect(engine.finishedAt[2] == 165)
    }

    @Test("choices of one request decode in step and finish with the longest")
    func choices() {
        var engine = VirtualEngine { $0.decodePerSecond = 100 }
        var request = Self.request(1, output: 3)
        request.otherOutputs = [5, 1]
        engine.arrive(request)
        engine.runToEnd()
        #expect(engine.stepsAt[1]?.count == 5)
        #expect(engine.finishedAt[1] == 40)
        #expect(engine.model.statistics.generationTokens == 9)
    }

    @Test("who does not want tokens is woken for the end only")
    func quiet() {
        var engine = VirtualEngine { $0.decodePerSecond = 100 }
        var request = Self.request(1, output: 101)
        request.wantsTokens = false
        var actions: [EngineModel.Action] = []
        _ = engine.model.arrive(request, now: Instant(nanoseconds: 0), into: &actions)
        #expect(actions == [.wake(Instant(nanoseconds: 1_000_000_000))])
    }

    @Test("the use of memory follows the running sequences")
    func memory() {
        var engine = VirtualEngine {
            $0.decodePerSecond = 100
            $0.blockTokens = 10
            $0.cacheBlocks = 100
        }
        engine.arrive(Self.request(1, prompt: 499, output: 50))
        #expect(engine.model.memoryUse == 0.5)
        engine.runToEnd()
        #expect(engine.model.memoryUse == 0)
    }
}
