import Quantities
import Scheduling
import Testing

@Suite struct DispatchTests {
    @Test("interactive work is sent while there is room, then waits in order, priority first")
    func order() {
        var harness = Harness(engines: [Harness.engine("one", 2)])
        for key in 1...4 { harness.arrive(UInt64(key)) }
        harness.arrive(5, .priority)
        #expect(harness.dispatched.map(\.key.number) == [1, 2])
        #expect(harness.scheduler.waitingCount(.standard) == 2)
        for key in [1, 2, 5] as [UInt64] { harness.finish(WorkKey(key)) }
        #expect(harness.dispatched.map(\.key.number) == [1, 2, 5, 3, 4])
    }

    @Test("projects take turns by the service they have had, a weight counts")
    func turns() {
        var harness = Harness(engines: [Harness.engine("one", 1)])
        harness.send(.weight("proj_a", 3))
        for key in 1...40 { harness.arrive(UInt64(key), project: "proj_a") }
        for key in 41...80 { harness.arrive(UInt64(key), project: "proj_b") }
        for _ in 0..<40 { harness.finish(harness.dispatched[harness.dispatched.count - 1].key) }
        let first = harness.dispatched.prefix(40).count { $0.key.number <= 40 }
        #expect((29...31).contains(first))
    }

    @Test("lines are asked for up to the limit of background work")
    func background() {
        var harness = Harness(engines: [Harness.engine("one", 8, protection: .fixed(5))])
        harness.offer("batch_1")
        harness.startTokens()
        harness.pass(3)
        harness.startTokens()
        harness.pass(3)
        harness.startTokens()
        harness.pass(3)
        #expect(harness.standing.lines == 5)
        #expect(harness.scheduler.violations.count == 0)
    }

    @Test("after a quiet minute the engine is free for background work, but not where its number is fixed")
    func quietMinute() {
        for (protection, sent) in [(Protection.fixed(5), 5), (.gapRatio(1.2), 15)] {
            var harness = Harness(engines: [Harness.engine("one", 16, protection: protection)])
            harness.pass(61)
            for key in 1...40 { harness.arrive(UInt64(key), .flex) }
            #expect(harness.dispatched.count == sent)
            harness.pass(120)
            #expect(harness.dispatched.count == sent)
        }
    }

    @Test("an engine with eight places is filled at once, a larger one step by step")
    func start() {
        for (places, sent) in [(8, 8), (64, 4)] {
            var harness = Harness(engines: [Harness.engine("one", places, protection: .balanced)])
            for key in 1...40 { harness.arrive(UInt64(key), .flex) }
            #expect(harness.dispatched.count == sent)
            harness.pass(5)
            #expect(harness.dispatched.count == min(places, 18))
        }
    }

    @Test("no line is sent while an interactive prompt is computed, and one at a time after that")
    func gate() {
        var harness = Harness(engines: [Harness.engine("one", 16)])
        harness.arrive(1)
        harness.offer("batch_1")
        #expect(harness.lines.isEmpty)
        harness.send(.firstToken(WorkKey(1)))
        #expect(harness.lines.count == 1)
        harness.send(.firstToken(harness.lines[0].key))
        #expect(harness.lines.count == 2)
    }

    @Test("one slow interactive prompt closes the gate for half a minute, not for ever")
    func gateTime() {
        var harness = Harness(engines: [Harness.engine("one", 16)])
        harness.arrive(1)
        harness.offer("batch_1")
        harness.pass(29.5)
        #expect(harness.lines.isEmpty)
        harness.pass(1)
        #expect(harness.lines.count == 1)
    }

    @Test("a bought engine has no gate, and nothing on it is cancelled")
    func bought() {
        var harness = Harness(engines: [Harness.engine("one", 4, owned: false)])
        harness.arrive(1)
        harness.offer("batch_1")
        #expect(harness.lines.count == 3)
        harness.arrive(2)
        #expect(harness.preempted.isEmpty)
        #expect(harness.scheduler.waitingCount(.standard) == 1)
    }

    @Test("interactive work takes the place of the line that has computed least")
    func preemption() {
        var harness = Harness(engines: [Harness.engine("one", 3)])
        harness.offer("batch_1")
        for _ in 0..<3 { harness.startTokens() }
        #expect(harness.standing.lines == 3)
        for (place, tokens) in [40, 10, 30].enumerated() {
            harness.send(.progress(harness.lines[place].key, outputTokens: tokens))
        }
        let service = harness.scheduler.service(of: "proj_b", in: .batch)
        harness.arrive(1)
        // Its prompt and ten tokens, which count twice: nobody pays for what is thrown away.
        #expect(harness.scheduler.service(of: "proj_b", in: .batch) == service - 120)
        #expect(harness.preempted == [harness.lines[1].key])
        #expect(harness.actions.last == .dispatch(WorkKey(1), "one"))
        #expect(harness.scheduler.statistics.tokensWastedByLane == [0, 0, 0, 110])
    }

    @Test("of lines that have done as much the youngest loses its place, whatever their numbers")
    func youngest() {
        var harness = Harness(engines: [Harness.engine("one", 3)])
        harness.line = nil
        harness.offer("batch_1")
        for key in [20, 30, 10] as [UInt64] {
            harness.send(
                .lineStarted(
                    BatchLine(
                        key: WorkKey(key), batch: "batch_1", engine: "one", promptTokens: 100, outputTokens: 100)))
            harness.send(.firstToken(WorkKey(key)))
            harness.now = harness.now.advanced(by: .seconds(key == 30 ? 0 : 5))
        }
        #expect(harness.standing.lines == 3)
        harness.arrive(1)
        #expect(harness.preempted == [WorkKey(30)], "sent with 10, and the later number")
        harness.arrive(2)
        #expect(harness.preempted == [WorkKey(30), WorkKey(10)])
        harness.arrive(3)
        #expect(harness.preempted == [WorkKey(30), WorkKey(10), WorkKey(20)])
    }

    @Test("engines share requests by their weights, and one that is full leaves them to the others")
    func weights() {
        var harness = Harness(engines: [Harness.engine("one", 8), Harness.engine("two", 8)])
        harness.send(.pool(Harness.pool, ["one", "two"], weights: [1, 3]))
        for key in 1...8 { harness.arrive(UInt64(key)) }
        #expect(harness.dispatched.count { $0.engine == "two" } == 6)
        for key in 9...16 { harness.arrive(UInt64(key)) }
        #expect(harness.dispatched.count { $0.engine == "two" } == 8 && harness.dispatched.count == 16)
    }

    @Test("where an engine tells of its prompts, what is lost is what it told, also before the first token")
    func promptsTold() {
        var harness = Harness(engines: [Harness.engine("one", 3)])
        harness.offer("batch_1")
        for _ in 0..<2 { harness.startTokens() }
        #expect(harness.lines.count == 3)
        for (place, tokens) in [20, 30, 90].enumerated() {
            harness.send(.promptComputed(harness.lines[place].key, tokens: tokens))
        }
        harness.arrive(1)
        #expect(harness.preempted == [harness.lines[0].key])
        #expect(harness.scheduler.statistics.tokensWastedByLane == [0, 0, 0, 20])
    }

    @Test("lines lose their place before flex requests; these wait again, first in their line")
    func flexAfterLines() {
        var harness = Harness(engines: [Harness.engine("one", 2)])
        harness.arrive(1, .flex)
        harness.arrive(2, .flex)
        harness.arrive(3, .flex)
        harness.offer("batch_1")
        for key in 1...2 { harness.send(.firstToken(WorkKey(UInt64(key)))) }
        harness.finish(WorkKey(1))
        harness.finish(WorkKey(2))
        for key in [3] { harness.send(.firstToken(WorkKey(UInt64(key)))) }
        #expect(harness.standing.flex == 1 && harness.standing.lines == 1)
        harness.arrive(10)
        #expect(harness.preempted == [harness.lines[0].key])
        harness.arrive(11)
        #expect(harness.preempted.last == WorkKey(3))
        #expect(harness.scheduler.waitingCount(.flex) == 1)
        harness.arrive(4, .flex)
        harness.finish(WorkKey(10))
        #expect(harness.dispatched.last?.key == WorkKey(3))
    }

    @Test("what is nearly done, was preempted three times or is read by its client stays")
    func spared() {
        var harness = Harness(engines: [Harness.engine("one", 1)])
        harness.arrive(1, .flex)
        harness.send(.progress(WorkKey(1), outputTokens: 85))
        harness.arrive(2)
        #expect(harness.preempted.isEmpty)
        harness.finish(WorkKey(1))
        harness.finish(WorkKey(2))
        harness.arrive(3, .flex)
        harness.send(.delivered(WorkKey(3)))
        harness.arrive(4)
        #expect(harness.preempted.isEmpty)
        harness.finish(WorkKey(3))
        harness.finish(WorkKey(4))
        harness.arrive(5, .flex)
        for key in 6...8 {
            harness.arrive(UInt64(key))
            harness.finish(WorkKey(UInt64(key)))
        }
        #expect(harness.preempted == [WorkKey(5), WorkKey(5), WorkKey(5)])
        harness.arrive(9)
        #expect(harness.preempted.count == 3)
    }

    @Test("nothing is cancelled when that would not make room")
    func useless() {
        var harness = Harness(engines: [Harness.engine("one", 8, memory: 1_000)])
        harness.send(.arrive(Harness.request(1, prompt: 500, output: 100)))
        harness.arrive(2, .flex)
        harness.send(.arrive(Harness.request(3, prompt: 500, output: 100)))
        #expect(harness.preempted.isEmpty)
        harness.send(.arrive(Harness.request(4, prompt: 150, output: 50)))
        #expect(harness.preempted.isEmpty)
    }

    @Test("memory counts: a request that does not fit waits, one larger than the memory runs alone")
    func memory() {
        var harness = Harness(engines: [Harness.engine("one", 8, memory: 1_000)])
        harness.send(.arrive(Harness.request(1, prompt: 600, output: 100)))
        harness.send(.arrive(Harness.request(2, prompt: 200, output: 100)))
        #expect(harness.dispatched.count == 1)
        harness.finish(WorkKey(1))
        harness.finish(WorkKey(2))
        harness.send(.arrive(Harness.request(3, prompt: 5_000, output: 100)))
        #expect(harness.dispatched.last?.key == WorkKey(3))
        #expect(harness.scheduler.violations.count == 0)
    }

    @Test("no line passes a standard request that waits for memory, though it would fit")
    func memoryFirst() {
        var harness = Harness(engines: [Harness.engine("one", 8, memory: 10_000)])
        harness.send(.arrive(Harness.request(1, prompt: 5_000, output: 100)))
        harness.send(.firstToken(WorkKey(1)))
        harness.send(.arrive(Harness.request(2, prompt: 5_000, output: 100)))
        #expect(harness.scheduler.waitingCount(.standard) == 1)
        harness.offer("batch_1")
        harness.pass(5)
        #expect(harness.lines.isEmpty)
        harness.send(.gone(WorkKey(2)))
        #expect(harness.lines.count == 1)
        #expect(harness.scheduler.violations.count == 0)
    }

    @Test("prompts with the same beginning go to the same engine, until it is much fuller")
    func affinity() {
        let engines = ["one", "two", "three"].map { Harness.engine(EngineID($0), 100) }
        var harness = Harness(engines: engines)
        var homes: Set<EngineID> = []
        for prefix in 0..<20 {
            let from = harness.dispatched.count
            for number in 0..<3 {
                harness.send(
                    .arrive(
                        Harness.request(UInt64(prefix * 10 + number + 1), affinity: UInt64(prefix) &* 0x1234_5677_0101))
                )
            }
            let chosen = Set(harness.dispatched[from...].map(\.engine))
            #expect(chosen.count == 1)
            homes.formUnion(chosen)
            for sent in harness.dispatched[from...] { harness.finish(sent.key) }
        }
        #expect(homes.count == 3)
        let from = harness.dispatched.count
        for number in 1...90 { harness.send(.arrive(Harness.request(UInt64(1_000 + number), affinity: 42))) }
        #expect(Set(harness.dispatched[from...].map(\.engine)).count == 3)
    }

    @Test("without a beginning the emptiest engine is next")
    func balance() {
        var harness = Harness(engines: [Harness.engine("one", 10), Harness.engine("two", 30)])
        for key in 1...40 { harness.arrive(UInt64(key)) }
        #expect(harness.dispatched.count { $0.engine == "two" } == 30)
    }

    @Test("a batch stays with an engine while fairness allows, then the other project's is next")
    func stickiness() {
        var harness = Harness(engines: [Harness.engine("one", 1)])
        harness.offer("batch_1", project: "proj_a")
        harness.offer("batch_2", project: "proj_b")
        for _ in 0..<300 { harness.finish(harness.lines[harness.lines.count - 1].key) }
        let batches = harness.lines.map(\.batch)
        let turns = zip(batches, batches.dropFirst()).count { $0 != $1 }
        #expect(turns >= 8 && turns <= 80)
        let difference = batches.count { $0 == "batch_1" } - batches.count { $0 == "batch_2" }
        #expect(abs(difference) <= 18)
        #expect(harness.scheduler.violations.count == 0)
    }

    @Test("within a project the earliest deadline is first")
    func deadlines() {
        var harness = Harness(engines: [Harness.engine("one", 1)])
        harness.line = nil
        harness.send(.available("one", false))
        harness.offer("batch_late", deadline: 90_000)
        harness.offer("batch_soon", deadline: 80_000)
        harness.send(.available("one", true))
        #expect(harness.actions == [.pull("batch_soon", "one")])
    }
}
