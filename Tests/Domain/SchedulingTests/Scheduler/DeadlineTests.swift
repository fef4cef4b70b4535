import Quantities
import Scheduling
import Testing

@Suite struct DeadlineTests {
    static func item(_ batch: BatchID, _ deadline: Int64, _ units: Double) -> DeadlineReview.Item {
        DeadlineReview.Item(batch: batch, deadline: Instant(seconds: deadline), units: units)
    }

    @Test("the load is need over supply, earlier deadlines first")
    func loads() throws {
        let loads = DeadlineReview.loads(
            [Self.item("b", 2_030, 100_000), Self.item("a", 1_030, 50_000)], rate: 100, from: Instant(seconds: 0))
        #expect(abs(try #require(loads["a"]) - 0.75) < 1e-9)
        #expect(abs(try #require(loads["b"]) - 0.75) < 1e-9)
    }

    @Test("a batch that delays a later one bears its load too")
    func delays() throws {
        let loads = DeadlineReview.loads(
            [Self.item("early", 1_030, 10_000), Self.item("late", 2_030, 390_000)], rate: 100, from: Instant(seconds: 0)
        )
        #expect(abs(try #require(loads["early"]) - 2) < 1e-9)
        let reverse = DeadlineReview.loads(
            [Self.item("early", 1_030, 200_000), Self.item("late", 9_030, 1_000)], rate: 100, from: Instant(seconds: 0))
        #expect(try #require(reverse["late"]) < 0.5)
    }

    @Test("work that cannot begin yet has less time")
    func held() throws {
        let items = [Self.item("a", 1_030, 50_000)]
        let now = DeadlineReview.loads(items, rate: 100, from: Instant(seconds: 0))
        let held = DeadlineReview.loads(items, rate: 100, from: Instant(seconds: 500))
        #expect(try #require(held["a"]) > 1.9 * (try #require(now["a"])))
    }

    /// One line a second, `seconds` long, the batch's lines counted down.
    static func serve(_ harness: inout Harness, seconds: Int, left: inout Int, deadline: Int64) {
        for _ in 0..<seconds {
            harness.pass(1)
            if let line = harness.lines.last { harness.finish(line.key) }
            left -= 1
            harness.offer("batch_1", lines: left, deadline: deadline)
        }
    }

    /// A batch of 400 lines, due in ten minutes at an engine that serves one a second, that has so many after half a
    /// minute, looked at again.
    static func grown(to lines: Int) -> Harness {
        var harness = Harness(engines: [Harness.engine("one", 1)])
        var left = 400
        harness.offer("batch_1", lines: left, deadline: 600)
        Self.serve(&harness, seconds: 30, left: &left, deadline: 600)
        left = lines
        Self.serve(&harness, seconds: 12, left: &left, deadline: 600)
        return harness
    }

    @Test(
        "the rank goes up at once, and back when the load is well below",
        arguments: [
            (0.59, [.batch, .batch, .batch]), (0.6, [.batch, .flex, .flex]), (0.85, [.batch, .flex, .flex]),
            (0.86, [.flex, .flex, .flex]), (1, [.flex, .flex, .flex]), (1.01, [.critical, .critical, .critical]),
        ] as [(Double, [Rank])])
    func rank(pressure: Double, after: [Rank]) {
        #expect([Rank.batch, .flex, .critical].map { DeadlineReview.rank($0, pressure: pressure) } == after)
    }

    @Test("moves up when it gets tight and back when it does not")
    func promotion() {
        var harness = Harness(engines: [Harness.engine("one", 1)])
        var left = 400
        harness.offer("batch_1", lines: left, deadline: 600)
        Self.serve(&harness, seconds: 40, left: &left, deadline: 600)
        #expect(harness.scheduler.batchStandings[0].rank == .batch)
        left = 510
        Self.serve(&harness, seconds: 12, left: &left, deadline: 600)
        #expect(harness.scheduler.batchStandings[0].rank == .flex)
        left = 900
        Self.serve(&harness, seconds: 12, left: &left, deadline: 600)
        #expect(harness.scheduler.batchStandings[0].rank == .critical)
        #expect(harness.scheduler.statistics.promotions == 2)
        left = 100
        Self.serve(&harness, seconds: 22, left: &left, deadline: 600)
        #expect(harness.scheduler.batchStandings[0].rank == .batch)
        #expect(harness.scheduler.violations.count == 0)
    }

    @Test("the first seconds' rate is not a rate: a new batch is not moved up")
    func start() {
        var harness = Harness(engines: [Harness.engine("one", 64, protection: .balanced)])
        harness.offer("batch_1", lines: 50_000, deadline: 86_400)
        harness.pass(15)
        #expect(harness.scheduler.batchStandings[0].rank == .batch)
        #expect(harness.scheduler.statistics.promotions == 0)
    }

    @Test("a rate is a mean over some time, once it is known")
    func rate() throws {
        var rate = ServiceRate()
        for second in 0...60 {
            rate.served(second < 10 ? 0 : 100, isBackground: true)
            rate.tick(isWaiting: false, hasBackground: true, now: Instant(seconds: Int64(second)))
            if second < 10 { #expect(rate.background == nil) }
        }
        let known = try #require(rate.background)
        #expect(known > 75 && known <= 100)
        #expect(rate.all == known)
        // Nothing to do is no measure.
        for second in 61...200 {
            rate.tick(isWaiting: false, hasBackground: false, now: Instant(seconds: Int64(second)))
        }
        #expect(rate.background == known)
    }

    @Test(
        "before a deadline there is time for the slowest lines",
        arguments: [
            (86_400, 0, 30), (300, 0, 30), (60, 0, 6), (86_400, 10, 30), (86_400, 60, 150), (300, 60, 75), (60, 60, 15),
        ])
    func margin(window: Int, line: Double, seconds: Int) {
        #expect(DeadlineReview.margin(of: .seconds(window), line: line) == .seconds(seconds))
    }

    @Test("a line that could not be run again in time is cancelled last")
    func dueLast() {
        var harness = Harness(engines: [Harness.engine("one", 3)])
        harness.offer("batch_1", project: "proj_a", lines: 4, deadline: 100)
        for _ in 0..<2 { harness.startTokens() }
        harness.offer("batch_2", project: "proj_b")
        let early = harness.lines
        harness.now = Instant(seconds: 80)
        for line in early { harness.finish(line.key) }
        for _ in 0..<3 { harness.startTokens() }
        // All have done as much but for the one that is due, which has done less.
        let running = harness.lines.suffix(3)
        #expect(Set(running.map(\.batch)) == ["batch_1", "batch_2"])
        for line in running where line.batch == "batch_2" { harness.send(.progress(line.key, outputTokens: 9)) }
        harness.arrive(1)
        let victims = running.filter { harness.preempted.contains($0.key) }
        #expect(victims.map(\.batch) == ["batch_2"])
    }

    @Test("a batch is not late because its first answers are still on their way")
    func firstAnswers() {
        var harness = Harness(engines: [Harness.engine("one", 4)])
        harness.offer("batch_1", lines: 8, deadline: 1_200)
        #expect(!harness.lines.isEmpty)
        harness.startTokens()
        harness.pass(120)
        #expect(harness.scheduler.batchStandings[0].rank == .batch)
        for line in harness.lines { harness.finish(line.key) }
        harness.pass(1)
        #expect(harness.scheduler.batchStandings[0].rank == .batch)
    }

    @Test("a critical batch is before flex requests, and these are next once it has gone")
    func criticalFirst() {
        var harness = Self.grown(to: 900)
        #expect(harness.scheduler.batchStandings[0].rank == .critical)
        for key in 1...3 { harness.arrive(UInt64(key), .flex) }
        let lines = harness.lines.count
        for _ in 0..<4 { harness.finish(harness.lines[harness.lines.count - 1].key) }
        #expect(harness.lines.count == lines + 4)
        #expect(harness.dispatched.isEmpty)
        harness.send(.withdraw("batch_1"))
        harness.finish(harness.lines[harness.lines.count - 1].key)
        #expect(harness.dispatched.map(\.key) == [WorkKey(1)])
    }

    @Test("flex requests and a promoted batch take turns")
    func turns() {
        var harness = Self.grown(to: 530)
        #expect(harness.scheduler.batchStandings[0].rank == .flex)
        for key in 1...10 { harness.arrive(UInt64(key), .flex) }
        let (lines, flex) = (harness.lines.count, harness.dispatched.count)
        for _ in 0..<8 {
            let last = harness.actions.last
            if case .dispatch(let key, _) = last {
                harness.finish(key)
            } else {
                harness.finish(harness.lines[harness.lines.count - 1].key)
            }
        }
        #expect(harness.dispatched.count - flex >= 3)
        #expect(harness.lines.count - lines >= 3)
    }
}
