import Quantities
import Scheduling
import Testing

/// Offers, pulls and their answers.
@Suite struct BatchTests {
    @Test("a withdrawn batch is not asked again, and a line that comes too late is taken back")
    func withdrawn() {
        var harness = Harness(engines: [Harness.engine("one", 8)])
        harness.line = nil
        harness.offer("batch_1")
        let asked = harness.actions.count { $0 == .pull("batch_1", "one") }
        #expect(asked > 0)
        harness.send(.withdraw("batch_1"))
        harness.pass(2)
        #expect(harness.actions.isEmpty)
        harness.send(
            .lineStarted(BatchLine(key: WorkKey(9), batch: "batch_1", engine: "one", promptTokens: 1, outputTokens: 1)))
        #expect(harness.actions == [.preempt(WorkKey(9))])
        #expect(harness.standing.lines == asked - 1)
    }

    @Test("nothing ready: not asked before the time it named, or the next offer")
    func nothingReady() {
        var harness = Harness(engines: [Harness.engine("one", 1)])
        harness.line = nil
        harness.offer("batch_1")
        harness.send(.nothingReady("batch_1", "one", until: Instant(seconds: 10)))
        harness.pass(9)
        #expect(harness.actions.isEmpty)
        harness.pass(1.5)
        #expect(harness.standing.lines == 1)
        harness.send(.nothingReady("batch_1", "one", until: nil))
        harness.pass(60)
        #expect(harness.standing.lines == 0)
        harness.offer("batch_1")
        #expect(harness.actions == [.pull("batch_1", "one")])
    }

    @Test("no more lines are asked for than are left")
    func lastLines() {
        var harness = Harness(engines: [Harness.engine("one", 64)])
        harness.offer("batch_1", lines: 3)
        harness.startTokens()
        harness.pass(2)
        #expect(harness.lines.count == 3)
    }

    @Test("a batch may come back while lines of it run")
    func comesBack() {
        var harness = Harness(engines: [Harness.engine("one", 2)])
        harness.offer("batch_1", lines: 2)
        harness.startTokens()
        harness.send(.withdraw("batch_1"))
        harness.offer("batch_1", lines: 1)
        #expect(harness.scheduler.batchStandings[0].inFlight == 2)
        for line in harness.lines.prefix(2) { harness.finish(line.key) }
        harness.pass(1)
        #expect(harness.scheduler.batchStandings[0].inFlight == 1)
    }

    @Test("a batch costs the same however many lines it has: they are never here (I14)")
    func noBodies() {
        var harness = Harness(engines: [Harness.engine("one", 4)])
        harness.offer("batch_1", lines: 50_000)
        harness.pass(5)
        #expect(Lane.allCases.allSatisfy { harness.scheduler.waitingCount($0) == 0 })
        #expect(harness.lines.count <= 4)
    }

    @Test("the reserve stays free for interactive work, until a batch is critical")
    func reserve() {
        var harness = Harness(engines: [
            EngineProfile(id: "one", limitStart: 32, limitMax: 32, isFixed: true, protection: .none)
        ])
        // Two lines a second of ten thousand in ten minutes.
        harness.offer("batch_1", lines: 10_000, deadline: 600)
        #expect(harness.standing.reserve == 2)
        #expect(harness.standing.lines == 30)
        for second in 0..<50 {
            harness.pass(1)
            for line in harness.lines[(2 * second)...].prefix(2) { harness.finish(line.key) }
        }
        #expect(harness.scheduler.batchStandings[0].rank == .critical)
        #expect(harness.standing.reserve == 2)
        #expect(harness.standing.lines == 32)
    }
}
