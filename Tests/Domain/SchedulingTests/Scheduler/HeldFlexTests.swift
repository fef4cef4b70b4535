import Quantities
import Scheduling
import Testing

/// Flex that waits for the hours of its model, where its patience reaches past their beginning.
@Suite struct HeldFlexTests {
    static let opening = Instant(seconds: 1_000)

    /// An engine that opens after a thousand seconds.
    static func closed(_ places: Int = 8) -> Harness {
        var harness = Harness(engines: [Harness.engine("one", places)])
        harness.send(.held("one", until: Self.opening))
        return harness
    }

    @Test("patience that reaches past the opening waits for it, and is told so; less patience runs at once")
    func waits() {
        var harness = Self.closed()
        let patient = Harness.request(1, .flex, patience: .seconds(3_600))
        let outlook = harness.scheduler.outlook(of: patient)
        #expect(outlook?.heldUntil == Self.opening && outlook?.predictedWait == 1_000)
        harness.send(.arrive(patient))
        let hasty = Harness.request(2, .flex, patience: .seconds(900))
        #expect(harness.scheduler.outlook(of: hasty) == nil)
        harness.send(.arrive(hasty))
        #expect(harness.dispatched.map(\.key.number) == [2])
        #expect(harness.scheduler.waitingCount(.flex) == 1)
        #expect(harness.scheduler.heldFlex?.count == 1 && harness.scheduler.heldFlex?.opens == Self.opening)
        harness.pass(999)
        #expect(harness.dispatched.count == 1)
        harness.pass(1)
        #expect(harness.dispatched.map(\.key.number) == [2, 1])
        #expect(harness.scheduler.heldFlex == nil && harness.scheduler.violations.count == 0)
    }

    @Test("without a rate, half of the patience must be left at the opening, as with batches")
    func half() {
        var harness = Self.closed()
        harness.send(.arrive(Harness.request(1, .flex, patience: .seconds(1_999))))
        harness.send(.arrive(Harness.request(2, .flex, patience: .seconds(2_000))))
        #expect(harness.dispatched.map(\.key.number) == [1])
    }

    @Test("the hard limit counts as patience does")
    func hardLimit() {
        var harness = Self.closed()
        harness.send(.arrive(Harness.request(1, .flex, patience: .seconds(9_000), giveUpAt: Instant(seconds: 1_100))))
        #expect(harness.dispatched.count == 1)
    }

    @Test("with a known rate, those that could not be served in their patience after the opening run now")
    func measured() {
        var (harness, key) = RefusalTests.measured()
        let now = harness.now
        for each in harness.dispatched.suffix(1) { harness.finish(each.key) }
        for each in harness.dispatched.suffix(1) { harness.finish(each.key) }
        for each in harness.dispatched.suffix(1) { harness.finish(each.key) }
        #expect(harness.scheduler.waitingCount(.flex) == 0)
        harness.send(.held("one", until: now.advanced(by: .seconds(1_000))))
        let before = harness.dispatched.count
        // One a second; 30 of the 230 seconds after the opening are kept back, and 0.85 of the others are used.
        for _ in 0..<200 {
            harness.send(.arrive(Harness.request(key, .flex, patience: .seconds(1_230))))
            key += 1
        }
        let held = harness.scheduler.heldFlex?.count ?? 0
        #expect((150...190).contains(held), "\(held)")
        #expect(harness.dispatched.count == before + 1, "the first of the others runs, though the engine is closed")
        #expect(harness.refused.isEmpty)
    }

    @Test("a request is not refused for hours that it cannot wait for, nor for those that wait for them")
    func notRefused() {
        var (harness, key) = RefusalTests.measured()
        harness.send(.held("one", until: harness.now.advanced(by: .seconds(1_000))))
        for _ in 0..<100 {
            harness.send(.arrive(Harness.request(key, .flex, patience: .seconds(3_600))))
            key += 1
        }
        #expect(harness.scheduler.heldFlex?.count == 100)
        // Two wait in their line, a second each.
        let hasty = Harness.request(key, .flex, patience: .seconds(10))
        #expect((harness.scheduler.outlook(of: hasty)?.predictedWait ?? 0) < 5)
        harness.send(.arrive(hasty))
        #expect(harness.refused.isEmpty)
        for _ in 0..<3 { harness.finish(harness.dispatched[harness.dispatched.count - 1].key) }
        #expect(harness.dispatched.last?.key == WorkKey(key))
    }

    @Test("who leaves while it is held is forgotten")
    func gone() {
        var harness = Self.closed()
        harness.send(.arrive(Harness.request(1, .flex, patience: .seconds(3_600))))
        harness.send(.gone(WorkKey(1)))
        #expect(harness.scheduler.heldFlex == nil)
        #expect(harness.scheduler.statistics.gone[Lane.flex.rawValue] == 1)
        harness.pass(1_001)
        #expect(harness.dispatched.isEmpty)
    }

    @Test("hours that move past its patience let it run now")
    func moved() {
        var harness = Self.closed()
        harness.send(.arrive(Harness.request(1, .flex, patience: .seconds(3_600))))
        harness.send(.held("one", until: Instant(seconds: 5_000)))
        harness.pass(1)
        #expect(harness.dispatched.count == 1)
    }

    @Test("those that still wait in line when the hours end wait for the next ones, each in its order")
    func closesAgain() {
        var harness = Self.closed(1)
        for key: UInt64 in 1...3 { harness.send(.arrive(Harness.request(key, .flex, patience: .seconds(20_000)))) }
        harness.pass(1_000)
        #expect(harness.dispatched.map(\.key.number) == [1])
        harness.send(.arrive(Harness.request(4, .flex, patience: .seconds(600))))
        harness.send(.held("one", until: Instant(seconds: 5_000)))
        #expect(harness.scheduler.heldFlex?.count == 2 && harness.scheduler.waitingCount(.flex) == 3)
        harness.finish(WorkKey(1))
        harness.pass(1)
        #expect(harness.dispatched.map(\.key.number) == [1, 4], "who cannot wait for them goes on")
        harness.finish(WorkKey(4))
        harness.pass(3_998)
        #expect(harness.dispatched.count == 2)
        harness.pass(1)
        harness.finish(WorkKey(2))
        #expect(harness.dispatched.map(\.key.number) == [1, 4, 2, 3])
        harness.finish(WorkKey(3))
        #expect(harness.scheduler.waitingCount(.flex) == 0 && harness.scheduler.violations.count == 0)
    }

    @Test("one that runs when the hours end and loses its place waits for the next ones, with its old patience")
    func losesItsPlace() {
        var harness = Self.closed(1)
        harness.send(.arrive(Harness.request(1, .flex, patience: .seconds(20_000))))
        harness.pass(1_000)
        harness.send(.held("one", until: Instant(seconds: 5_000)))
        #expect(harness.dispatched.map(\.key.number) == [1] && harness.scheduler.heldFlex == nil)
        harness.send(.arrive(Harness.request(2, .standard)))
        #expect(harness.dispatched.map(\.key.number) == [1, 2])
        #expect(harness.scheduler.heldFlex?.count == 1 && harness.scheduler.waitingCount(.flex) == 1)
        harness.finish(WorkKey(2))
        harness.pass(3_999)
        #expect(harness.dispatched.count == 2)
        harness.pass(1)
        #expect(harness.dispatched.map(\.key.number) == [1, 2, 1])
        harness.send(.held("one", until: Instant(seconds: 30_000)))
        harness.send(.failed(WorkKey(1), .lost))
        harness.pass(1)
        #expect(harness.dispatched.map(\.key.number) == [1, 2, 1, 1], "the next ones would be too late for it")
        harness.finish(WorkKey(1))
        #expect(harness.scheduler.waitingCount(.flex) == 0 && harness.scheduler.violations.count == 0)
    }

    @Test("before the process ends, those that are held are refused, and no more are held")
    func stop() {
        var harness = Self.closed()
        for key: UInt64 in 1...2 { harness.send(.arrive(Harness.request(key, .flex, patience: .seconds(3_600)))) }
        harness.send(.stop)
        #expect(harness.refused == [WorkKey(1): .seconds(60), WorkKey(2): .seconds(60)])
        harness.send(.arrive(Harness.request(3, .flex, patience: .seconds(3_600))))
        #expect(harness.refused[WorkKey(3)] != nil && harness.scheduler.heldFlex == nil)
        harness.send(.arrive(Harness.request(4, .flex, patience: .seconds(10))))
        #expect(harness.dispatched.map(\.key.number) == [4], "what need not wait for the hours still runs")
    }

    @Test("no project may have more than a quarter of what is held, and all of them no more than the whole")
    func memory() {
        var harness = Self.closed()
        let part = Scheduler.heldTokensMax / 8
        var key: UInt64 = 0
        for project: ProjectID in ["proj_a", "proj_b", "proj_c", "proj_d", "proj_e"] {
            for _ in 0..<3 {
                key += 1
                harness.send(
                    .arrive(Harness.request(key, .flex, project: project, prompt: part, patience: .seconds(3_600))))
            }
        }
        #expect(harness.scheduler.heldFlex?.count == 8)
        #expect(harness.refused.keys.map(\.number).sorted() == [3, 6, 9, 12, 13, 14, 15])
        harness.send(.gone(WorkKey(1)))
        harness.send(.arrive(Harness.request(16, .flex, project: "proj_a", prompt: part, patience: .seconds(3_600))))
        #expect(harness.scheduler.heldFlex?.count == 8)
    }

    @Test("an engine that is away for a while keeps its hours")
    func away() {
        var harness = Self.closed()
        harness.send(.arrive(Harness.request(1, .flex, patience: .seconds(3_600))))
        harness.send(.available("one", false))
        harness.pass(30)
        harness.send(.available("one", true))
        harness.pass(30)
        #expect(harness.dispatched.isEmpty && harness.scheduler.heldFlex?.count == 1)
    }

    @Test("beside an engine that is open nobody is held, and the closed one takes what the open one has no place for")
    func beside() {
        var harness = Harness(engines: [Harness.engine("shut", 4), Harness.engine("open", 2)])
        harness.send(.held("shut", until: Self.opening))
        for key in 1...3 { harness.send(.arrive(Harness.request(UInt64(key), .flex, patience: .seconds(3_600)))) }
        #expect(harness.dispatched.map(\.engine) == ["open", "open", "shut"])
    }

    @Test("projects that wait for hours do not hold up the turns of others")
    func fairness() {
        var harness = Self.closed(1)
        harness.send(.arrive(Harness.request(1, .flex, project: "proj_night", patience: .seconds(3_600))))
        harness.send(.arrive(Harness.request(2, .flex, project: "proj_day", patience: .seconds(60))))
        harness.pass(10)
        harness.finish(WorkKey(2))
        let day = harness.scheduler.service(of: "proj_day", in: .flex)
        harness.send(.arrive(Harness.request(3, .flex, project: "proj_day", patience: .seconds(60))))
        harness.send(.arrive(Harness.request(4, .flex, project: "proj_day", patience: .seconds(60))))
        harness.send(.arrive(Harness.request(5, .flex, project: "proj_new", patience: .seconds(60))))
        #expect(harness.scheduler.service(of: "proj_new", in: .flex) >= day - 1)
    }
}
