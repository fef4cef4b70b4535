import Quantities
import Scheduling
import Testing

@Suite("The last minute of a lane, and who took whose place") struct LaneWindowTests {
    private static func request(_ key: UInt64, _ lane: Lane) -> WorkRequest {
        WorkRequest(
            key: WorkKey(key), lane: lane, project: "proj_a", pool: PoolID("m"), promptTokens: 10, outputTokens: 10,
            patience: .seconds(900), giveUpAt: Instant(seconds: 100_000))
    }

    /// One engine with one place.
    private static func scheduler() -> Scheduler {
        var scheduler = Scheduler(now: Instant(seconds: 1_000))
        var actions: [SchedulerAction] = []
        let profile = EngineProfile(id: "e", limitStart: 1, limitMax: 1, isFixed: true)
        for event in [SchedulerEvent.engine(profile), .pool(PoolID("m"), ["e"])] {
            scheduler.handle(event, now: Instant(seconds: 1_000), into: &actions)
        }
        return scheduler
    }

    @Test("waits and tokens are counted for a minute and then forgotten")
    func window() throws {
        var scheduler = Self.scheduler()
        var actions: [SchedulerAction] = []
        func tell(_ event: SchedulerEvent, at second: Int64) {
            scheduler.handle(event, now: Instant(seconds: second), into: &actions)
        }
        tell(.arrive(Self.request(1, .standard)), at: 1_000)
        tell(.arrive(Self.request(2, .standard)), at: 1_000)
        tell(.progress(WorkKey(1), outputTokens: 20), at: 1_002)
        tell(.finished(WorkKey(1), WorkUsage(computedTokens: 10, outputTokens: 30)), at: 1_004)
        let window = scheduler.window(.standard)
        let waits = try #require(window.waits(now: Instant(seconds: 1_005)))
        #expect(waits.count == 2 && waits.median == 0)
        #expect((4.0...5.0).contains(waits.p99))
        // 30 tokens in the step from 1,000 on, seen from 1,010.
        #expect(window.tokensPerSecond(now: Instant(seconds: 1_010)) == 3)
        #expect(window.tokensPerSecond(now: Instant(seconds: 1_030)) == 0)
        #expect(window.waits(now: Instant(seconds: 1_054)) != nil)
        #expect(window.waits(now: Instant(seconds: 1_065)) == nil)
        #expect(scheduler.window(.flex).waits(now: Instant(seconds: 1_005)) == nil)
    }

    @Test("a request that finds others before it knows how many; one that is sent knows nothing")
    func outlook() {
        var scheduler = Self.scheduler()
        var actions: [SchedulerAction] = []
        #expect(scheduler.outlook(of: Self.request(9, .flex)) == nil)
        for key: UInt64 in 1...4 {
            scheduler.handle(
                .arrive(Self.request(key, key == 4 ? .flex : .standard)), now: Instant(seconds: 1_000), into: &actions)
        }
        #expect(scheduler.outlook(of: Self.request(9, .standard))?.ahead == 2)
        #expect(scheduler.outlook(of: Self.request(9, .flex))?.ahead == 3)
        #expect(scheduler.outlook(of: Self.request(9, .priority))?.ahead == 0)
    }

    @Test("a preemption names both sides, and is told once")
    func displacement() {
        var scheduler = Self.scheduler()
        var actions: [SchedulerAction] = []
        scheduler.handle(.arrive(Self.request(1, .flex)), now: Instant(seconds: 1_000), into: &actions)
        #expect(scheduler.displacements == [])
        scheduler.handle(.arrive(Self.request(2, .standard)), now: Instant(seconds: 1_001), into: &actions)
        #expect(scheduler.displacements.map(\.victim) == [WorkKey(1)])
        #expect(scheduler.displacements.map(\.by) == [WorkKey(2)])
        scheduler.handle(.tick, now: Instant(seconds: 1_002), into: &actions)
        #expect(scheduler.displacements == [])
        #expect(scheduler.engineStandings.first?.inFlightByLane == [0, 1, 0, 0])
    }
}
