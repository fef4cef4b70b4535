import Quantities
import Scheduling
import Testing

/// Hours of the week for background work: of engines, and of models in their place.
@Suite struct HoursTests {
    static let other = PoolID("other")

    /// One engine that serves two models.
    static func two() -> Harness {
        var harness = Harness(engines: [Harness.engine("one", 64)])
        harness.send(.pool(Self.other, ["one"]))
        return harness
    }

    static func offer(_ batch: BatchID, _ pool: PoolID, deadline: Int64 = 86_400) -> SchedulerEvent {
        .offer(
            BatchOffer(
                batch: batch, project: "proj_b", pool: pool, deadline: Instant(seconds: deadline), linesLeft: 4,
                promptTokens: 100, outputTokens: 100))
    }

    @Test("a model's own hours replace those of its engine, and other models keep these")
    func replaced() {
        var harness = Self.two()
        harness.send(.held("one", until: Instant(seconds: 100)))
        harness.send(.heldModel(Self.other, "one", until: Instant(seconds: 300)))
        harness.send(Self.offer("batch_own", Self.other))
        harness.send(Self.offer("batch_engine", Harness.pool))
        harness.pass(20)
        #expect(harness.lines.isEmpty)
        #expect(
            harness.scheduler.batchStandings.map(\.heldUntil) == [Instant(seconds: 100), Instant(seconds: 300)])
        #expect(harness.standing.heldModels.map(\.model) == [Self.other])
        harness.pass(100)
        #expect(Set(harness.lines.map(\.batch)) == ["batch_engine"])
        harness.pass(200)
        #expect(Set(harness.lines.map(\.batch)) == ["batch_engine", "batch_own"])
        #expect(harness.scheduler.batchStandings.map(\.heldUntil) == [nil, nil])
        #expect(harness.scheduler.violations.count == 0)
    }

    @Test("a model that is open runs at an engine that is closed for the others")
    func open() {
        var harness = Self.two()
        harness.send(.held("one", until: Instant(seconds: 10_000)))
        harness.send(.heldModel(Self.other, "one", until: nil))
        harness.send(Self.offer("batch_own", Self.other))
        harness.send(Self.offer("batch_engine", Harness.pool))
        harness.pass(5)
        #expect(Set(harness.lines.map(\.batch)) == ["batch_own"])
        #expect(harness.standing.heldModels.isEmpty)
    }

    @Test("a model's hours at one engine leave it the others")
    func oneEngine() {
        var harness = Harness(engines: [Harness.engine("one", 8), Harness.engine("two", 8)])
        harness.send(.heldModel(Harness.pool, "one", until: Instant(seconds: 5_000)))
        harness.send(Self.offer("batch_1", Harness.pool))
        harness.pass(5)
        #expect(Set(harness.lines.map(\.engine)) == ["two"])
        #expect(harness.scheduler.batchStandings[0].heldUntil == nil)
        harness.send(.available("two", false))
        #expect(harness.scheduler.batchStandings[0].heldUntil == Instant(seconds: 5_000))
    }

    @Test("flex that the open engine has failed goes to a closed one, and others go on to the open one")
    func failedByOpen() {
        var harness = Harness(engines: [Harness.engine("one", 8), Harness.engine("two", 8)])
        harness.send(.held("two", until: Instant(seconds: 5_000)))
        var failed = Harness.request(1, .flex)
        failed.avoided = ["one"]
        harness.send(.arrive(failed))
        for key: UInt64 in 2...3 { harness.arrive(key, .flex) }
        #expect(harness.dispatched.map(\.engine) == ["two", "one", "one"])
        failed = Harness.request(4, .flex)
        failed.avoided = ["one", "two"]
        harness.send(.arrive(failed))
        #expect(harness.dispatched.last?.engine == "one", "all have failed it: hours hold again")
    }

    @Test("what is told together is known before anything is sent")
    func together() {
        var harness = Harness()
        let until = Instant(seconds: 5_000)
        harness.send(.held("one", until: until))
        harness.offer("batch_known")
        harness.send(Self.offer("batch_new", Self.other))
        harness.send(
            .together([
                .engine(Harness.engine("two", 8)), .pool(Harness.pool, ["one", "two"]), .pool(Self.other, ["two"]),
                .heldModel(Harness.pool, "two", until: until), .heldModel(Self.other, "two", until: until),
            ]))
        #expect(harness.lines.isEmpty)
        harness.send(.together([.heldModel(Self.other, "two", until: nil)]))
        #expect(Set(harness.lines.map(\.batch)) == ["batch_new"])
    }

    /// Two lines a second at an engine that opens after 45,000 s, for a batch of a day.
    static func served(_ harness: inout Harness, seconds: Int, left: inout Int) {
        for _ in 0..<seconds {
            harness.pass(1)
            for line in harness.lines where harness.scheduler.isRunning(line.key, at: "one") {
                harness.finish(line.key)
                left -= 1
            }
            harness.offer("batch_1", lines: left)
        }
    }

    @Test("what began early since no rate was known, and has time, waits for the hours once one is", arguments: [1, 2])
    func heldAgain(batches: Int) {
        var harness = Harness(engines: [Harness.engine("one", 2)])
        harness.send(.held("one", until: Instant(seconds: 45_000)))
        var left = 2_500
        harness.offer("batch_1", lines: left)
        if batches > 1 { harness.offer("batch_2", lines: 10) }
        #expect(harness.lines.count == 2, "less than half of its window would be left")
        let early = harness.scheduler.batchStandings
        #expect(early.allSatisfy { $0.rank == .flex && $0.load == 0 && $0.slack(now: harness.now) == nil })
        Self.served(&harness, seconds: 5, left: &left)
        #expect(harness.scheduler.batchStandings.allSatisfy { $0.load == 0 }, "no load is made up")
        Self.served(&harness, seconds: 20, left: &left)
        let (sent, standings) = (harness.lines.count, harness.scheduler.batchStandings)
        #expect(standings.allSatisfy { $0.rank == .batch && $0.heldUntil == Instant(seconds: 45_000) })
        #expect(standings[0].load > 0 && standings[0].load < 0.1)
        Self.served(&harness, seconds: 600, left: &left)
        #expect(harness.lines.count == sent && sent < 60)
        #expect(harness.scheduler.statistics.promotions == batches && harness.scheduler.violations.count == 0)
    }

    @Test("a batch that began early gets no places beyond what the profile gives")
    func noUrgency() {
        var harness = Harness(engines: [Harness.engine("one", 64, protection: .balanced)])
        harness.send(.held("one", until: Instant(seconds: 45_000)))
        harness.line = nil
        harness.offer("batch_1")
        let places = harness.standing.backgroundLimit
        for _ in 0..<3 {
            harness.now = harness.now.advanced(by: .seconds(10))
            harness.offer("batch_1")
        }
        #expect(harness.standing.backgroundLimit == places)
    }

    @Test("the deadline of a batch is checked against the model's own hours")
    func deadline() {
        var harness = Self.two()
        harness.send(.held("one", until: Instant(seconds: 10)))
        harness.send(.heldModel(Self.other, "one", until: Instant(seconds: 3_000)))
        harness.send(Self.offer("batch_own", Self.other, deadline: 3_600))
        harness.pass(8)
        #expect(harness.lines.count == 4, "less than half of its window would be left")
    }
}
