import Quantities
import Scheduling
import Testing

/// Engines that go, come back, refuse, and wait for cheaper hours.
@Suite struct EngineTests {
    @Test("an engine that is lost gives its work back, to the others and in its old order")
    func lost() {
        var harness = Harness(engines: [Harness.engine("one", 1), Harness.engine("two", 1)])
        harness.arrive(1)
        harness.arrive(2)
        harness.arrive(3)
        harness.send(.available("one", false))
        harness.send(.failed(WorkKey(1), .lost))
        #expect(harness.scheduler.waitingCount(.standard) == 2)
        harness.finish(WorkKey(2))
        #expect(harness.dispatched.last?.key == WorkKey(1))
        #expect(harness.dispatched.last?.engine == "two")
        harness.send(.available("one", true))
        #expect(harness.dispatched.last?.key == WorkKey(3))
        #expect(harness.dispatched.last?.engine == "one")
    }

    @Test(
        "work that lost its place before its engine was lost stays where it waits",
        arguments: [EngineTrouble.lost, .unreached, .capacity(retryAfter: nil), .flexFull])
    func lostAfterPreemption(_ trouble: EngineTrouble) {
        var harness = Harness(engines: [Harness.engine("one", 1)])
        harness.arrive(1, .flex)
        harness.arrive(2)
        #expect(harness.preempted == [WorkKey(1)])
        harness.send(.failed(WorkKey(1), trouble))
        #expect(harness.scheduler.waitingCount(.flex) == 1)
        harness.finish(WorkKey(2))
        #expect(harness.dispatched.map(\.key) == [WorkKey(1), WorkKey(2), WorkKey(1)])
    }

    @Test("nothing is sent to an engine that is away")
    func away() {
        var harness = Harness()
        harness.send(.available("one", false))
        harness.arrive(1)
        harness.offer("batch_1")
        harness.pass(5)
        #expect(harness.dispatched.isEmpty && harness.lines.isEmpty)
        harness.send(.available("one", true))
        #expect(harness.dispatched.count == 1)
        #expect(harness.scheduler.violations.count == 0)
    }

    @Test("a lost line is its batch's again and is not charged to its project")
    func lostLine() {
        var harness = Harness(engines: [Harness.engine("one", 1)])
        harness.offer("batch_1")
        let service = harness.scheduler.service(of: "proj_b", in: .batch)
        harness.send(.firstToken(harness.lines[0].key))
        harness.send(.progress(harness.lines[0].key, outputTokens: 40))
        #expect(harness.scheduler.service(of: "proj_b", in: .batch) == service + 80)
        harness.send(.failed(harness.lines[0].key, .lost))
        #expect(harness.lines.count == 2)
        // The second line's prompt in place of the first one's.
        #expect(harness.scheduler.service(of: "proj_b", in: .batch) == service)
        #expect(harness.scheduler.waitingCount(.batch) == 0)
        #expect(harness.scheduler.statistics.failed == [0, 0, 0, 0])
    }

    @Test("a failed answer that its client reads already is not computed again")
    func delivered() {
        var harness = Harness()
        harness.arrive(1)
        harness.send(.delivered(WorkKey(1)))
        harness.send(.failed(WorkKey(1), .lost))
        #expect(harness.scheduler.waitingCount(.standard) == 0)
        #expect(harness.dispatched.count == 1)
        harness.pass(1)
    }

    @Test("an engine without room is left alone for as long as it says, and gets less after that")
    func capacity() {
        var harness = Harness(engines: [
            EngineProfile(id: "one", limitStart: 10, limitMax: 10, protection: .none)
        ])
        for key in 1...10 { harness.arrive(UInt64(key)) }
        harness.send(.failed(WorkKey(10), .capacity(retryAfter: .seconds(4))))
        #expect(harness.dispatched.count == 10)
        #expect(harness.standing.limit == 7)
        for key in 1...9 { harness.finish(WorkKey(UInt64(key))) }
        harness.pass(3.5)
        #expect(harness.dispatched.count == 10)
        harness.pass(1)
        #expect(harness.dispatched.last?.key == WorkKey(10))
    }

    @Test("a request that fails for good is over")
    func failure() {
        var harness = Harness(engines: [Harness.engine("one", 1)])
        harness.arrive(1)
        harness.arrive(2)
        harness.send(.failed(WorkKey(1), .request))
        #expect(harness.dispatched.map(\.key.number) == [1, 2])
        #expect(harness.scheduler.statistics.failed[Lane.standard.rawValue] == 1)
    }

    @Test("a batch waits for the cheap hour, interactive work and flex of little patience do not")
    func held() {
        var harness = Harness(engines: [Harness.engine("one", 8)])
        harness.send(.held("one", until: Instant(seconds: 100)))
        harness.offer("batch_1")
        harness.send(.arrive(Harness.request(1, .flex, patience: .seconds(60))))
        harness.arrive(2)
        harness.pass(20)
        #expect(harness.lines.isEmpty)
        #expect(harness.dispatched.count == 2)
        for key in 1...2 { harness.finish(WorkKey(UInt64(key))) }
        harness.pass(81)
        #expect(harness.lines.count > 0)
    }

    @Test("a batch whose deadline does not allow it is not held")
    func heldTooLong() {
        var harness = Harness(engines: [Harness.engine("one", 8)])
        harness.send(.held("one", until: Instant(seconds: 3_000)))
        harness.offer("batch_1", deadline: 3_600)
        harness.pass(11)
        #expect(harness.lines.count > 0)
        #expect(harness.scheduler.batchStandings[0].rank == .flex)
    }

    @Test("a held batch with a known rate starts in time for its deadline")
    func heldWithRate() {
        var harness = Harness(engines: [Harness.engine("one", 4)])
        harness.offer("batch_0", lines: 100_000, deadline: 1_000_000)
        for _ in 0..<60 {
            harness.pass(1)
            for line in harness.lines.suffix(4) { harness.finish(line.key) }
        }
        harness.send(.withdraw("batch_0"))
        for line in harness.lines.suffix(8) { harness.finish(line.key) }
        let before = harness.lines.count
        harness.send(.held("one", until: Instant(seconds: 4_000)))
        // About 1,200 units a second: 1,000 lines take 250 of the seconds that are left then.
        harness.offer("batch_1", lines: 1_000, deadline: 6_000)
        harness.pass(60)
        #expect(harness.lines.count == before)
        harness.offer("batch_1", lines: 20_000, deadline: 6_000)
        harness.pass(12)
        #expect(harness.lines.count > before)
    }

    /// A guess of eight, 40 interactive requests, and seconds in which the engine tells how many wait in it.
    static func guessed(waiting: Int, running: Int, seconds: Int) -> Harness {
        var harness = Harness(engines: [
            EngineProfile(id: "one", limitStart: 8, limitMax: 512, protection: .balanced, isGuess: true)
        ])
        for key in 1...40 { harness.arrive(UInt64(key)) }
        for _ in 0..<seconds {
            harness.send(.sample("one", EngineSample(waiting: waiting, running: running, at: harness.now)))
            harness.pass(1)
        }
        return harness
    }

    /// An engine with room for more took all that came.
    static func learnt() -> Harness { Self.guessed(waiting: 0, running: 40, seconds: 30) }

    /// An engine with four slots: the other requests wait in it.
    static func crowded() -> Harness { Self.guessed(waiting: 36, running: 4, seconds: 4) }

    @Test("another protection keeps the limit that was learnt")
    func protectionChanged() {
        var harness = Self.learnt()
        let limit = harness.standing.limit
        #expect(limit >= 40)
        harness.send(
            .engine(EngineProfile(id: "one", limitStart: 8, limitMax: 512, protection: .protect, isGuess: true)))
        #expect(harness.standing.limit == limit)
        #expect(harness.standing.source == .waiting)
    }

    @Test("slots that are found out later bound the limit that was learnt")
    func slotsFound() {
        var harness = Self.learnt()
        harness.send(.engine(EngineProfile(id: "one", limitStart: 8, limitMax: 24)))
        #expect(harness.standing.limit == 24)
        harness.send(.engine(Harness.engine("one", 16)))
        #expect(harness.standing.limit == 16)
        #expect(harness.standing.source == .fixed)
        #expect(harness.standing.reserve == 1)
        harness.send(.engine(EngineProfile(id: "one", limitStart: 20, limitMax: 64)))
        #expect(harness.standing.limit == 20)
    }

    @Test("interactive requests pass a guess, and wait for a limit that was measured")
    func measured() {
        var harness = Self.crowded()
        #expect(harness.dispatched.count == 40 && harness.standing.limit == 4)
        for key in 1...36 { harness.finish(WorkKey(UInt64(key))) }
        for key in 41...50 { harness.arrive(UInt64(key)) }
        harness.arrive(51, .priority)
        #expect(harness.dispatched.count == 40)
        harness.finish(WorkKey(37))
        #expect(harness.dispatched.last?.key == WorkKey(51))
    }

    @Test("a limit for which requests wait grows quickly while none waits in the engine")
    func measuredTooLow() {
        var harness = Self.crowded()
        for key in 1...36 { harness.finish(WorkKey(UInt64(key))) }
        for key in 41...80 { harness.arrive(UInt64(key)) }
        for second in 1...8 {
            harness.send(
                .sample("one", EngineSample(waiting: 0, running: harness.standing.inFlight, at: harness.now)))
            harness.pass(1)
            #expect(harness.standing.inFlight == min(44, harness.standing.limit), "after \(second) s")
        }
        #expect(harness.dispatched.count >= 60)
    }

    @Test("an engine that no longer tells is no longer taken for measured")
    func measuredBefore() {
        var harness = Self.crowded()
        for key in 41...50 { harness.arrive(UInt64(key)) }
        #expect(harness.dispatched.count == 40)
        harness.pass(10)
        #expect(harness.dispatched.count == 50)
    }

    @Test("flex waits for another engine than the one that failed it, too")
    func avoidedByFlex() {
        var harness = Harness(engines: [Harness.engine("one", 4), Harness.engine("two", 1)])
        for key: UInt64 in 1...2 {
            var request = Harness.request(key, .flex)
            request.avoided = ["one"]
            harness.send(.arrive(request))
        }
        harness.pass(2)
        #expect(harness.dispatched.map(\.engine) == ["two"])
        harness.finish(WorkKey(1))
        #expect(harness.dispatched.map(\.engine) == ["two", "two"])
    }

    @Test("who waits for another engine than the one that failed it keeps nobody from that one")
    func passed() {
        for lane in [Lane.flex, .standard] {
            var harness = Harness(engines: [Harness.engine("one", 2), Harness.engine("two", 1)])
            for key: UInt64 in 1...2 {
                var request = Harness.request(key, lane)
                request.avoided = ["one"]
                harness.send(.arrive(request))
            }
            for key: UInt64 in 3...5 { harness.arrive(key, lane) }
            #expect(harness.dispatched.map(\.key.number) == [1, 3, 4])
            #expect(harness.dispatched.map(\.engine) == ["two", "one", "one"])
            harness.finish(WorkKey(1))
            #expect(harness.dispatched.last?.key == WorkKey(2), "it came before the one that waits for any")
            harness.finish(WorkKey(2))
            #expect(harness.dispatched.last?.key == WorkKey(5))
            harness.pass(1)
        }
    }

    @Test("flex does not wait for an engine that takes none for an hour; one that comes back has forgotten the hour")
    func shutForFlex() {
        var harness = Harness(engines: [Harness.engine("one", 2), Harness.engine("two", 2)])
        func avoiding(_ key: UInt64) -> SchedulerEvent {
            var request = Harness.request(key, .flex)
            request.avoided = ["one"]
            return .arrive(request)
        }
        harness.send(avoiding(1))
        harness.send(.failed(WorkKey(1), .full(retryAfter: .seconds(3_600))))
        harness.pass(61)
        harness.arrive(2, .standard)
        harness.send(avoiding(3))
        #expect(harness.dispatched.last?.key == WorkKey(3) && harness.dispatched.last?.engine == "one")
        harness.send(.available("two", false))
        harness.send(.available("two", true))
        harness.send(avoiding(4))
        #expect(harness.dispatched.last?.key == WorkKey(4) && harness.dispatched.last?.engine == "two")
        #expect(harness.scheduler.violations.count == 0)
    }

    @Test("requests that avoid an engine are no second project")
    func oneProject() {
        var (harness, key) = RefusalTests.measured()
        for number in 0..<50 {
            harness.arrive(key, .flex, project: number < 10 ? "proj_a" : "proj_b")
            key += 1
        }
        // Twelve requests that take turns with another project's, a second each.
        let before = harness.scheduler.foretoldWait(.flex, project: "proj_a", pool: Harness.pool)
        #expect((20...28).contains(before), "\(before)")
        var request = Harness.request(key, .flex)
        request.avoided = ["one"]
        harness.send(.arrive(request))
        let after = harness.scheduler.foretoldWait(.flex, project: "proj_a", pool: Harness.pool)
        #expect(abs(after - before) < 1, "\(before) \(after)")
    }

    @Test("a request waits for another engine than the one that failed it, or takes a line's place there")
    func avoided() {
        var harness = Harness(engines: [Harness.engine("one", 4), Harness.engine("two", 1)])
        func retried(_ key: UInt64) -> WorkRequest {
            var request = Harness.request(key)
            request.avoided = ["one"]
            return request
        }
        harness.send(.available("one", false))
        harness.offer("batch_1")
        harness.send(.available("one", true))
        #expect(harness.lines.map(\.engine).first == "two")
        harness.send(.arrive(retried(1)))
        #expect(harness.preempted == [harness.lines[0].key])
        harness.send(.arrive(retried(2)))
        #expect(harness.dispatched.map(\.engine) == ["two"])
        harness.finish(WorkKey(1))
        #expect(harness.dispatched.map(\.engine) == ["two", "two"])
        harness.send(.arrive(retried(3)))
        #expect(harness.dispatched.count == 2)
        harness.send(.available("two", false))
        #expect(harness.dispatched.last?.engine == "one")
    }

    @Test("a changed profile keeps what runs, and takes effect")
    func changed() {
        var harness = Harness(engines: [Harness.engine("one", 2)])
        for key in 1...4 { harness.arrive(UInt64(key)) }
        harness.send(.engine(Harness.engine("one", 3)))
        #expect(harness.dispatched.count == 3)
        harness.pass(1)
    }
}
