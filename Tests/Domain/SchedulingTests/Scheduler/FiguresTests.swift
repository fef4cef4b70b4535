import Quantities
import Scheduling
import Testing

@Suite("What the scheduler tells of its work") struct FiguresTests {
    @Test("utilisation is the rate of tokens over the most of the last hour")
    func utilisation() throws {
        var harness = Harness()
        harness.pass(1)
        #expect(harness.scheduler.peak.utilisation(now: harness.now) == nil)
        harness.arrive(1)
        harness.send(.progress(WorkKey(1), outputTokens: 400))
        harness.pass(1)
        let busy = try #require(harness.scheduler.peak.utilisation(now: harness.now))
        #expect(busy > 0.7 && busy <= 1)
        harness.pass(60)
        #expect(harness.scheduler.peak.utilisation(now: harness.now) == 0)
        harness.pass(3_700)
        #expect(harness.scheduler.peak.utilisation(now: harness.now) == nil)
    }

    @Test("counts that cannot be true are brought to the nearest that can, and no sum of them overflows")
    func untrue() {
        var harness = Harness(engines: [Harness.engine("one", 4)])
        for key: UInt64 in 1...4 {
            harness.arrive(key, .flex)
            harness.send(.progress(WorkKey(key), outputTokens: .max))
            harness.send(.promptComputed(WorkKey(key), tokens: .max))
        }
        let most = WorkUsage(cachedTokens: .max, computedTokens: .max, outputTokens: .max)
        for key: UInt64 in 1...2 { harness.send(.finished(WorkKey(key), most)) }
        harness.send(.finished(WorkKey(3), WorkUsage(cachedTokens: .min, computedTokens: .min, outputTokens: -1)))
        harness.send(.failed(WorkKey(4), .request))
        #expect(harness.scheduler.service(of: "proj_a", in: .flex) == 6.2e9)
        #expect(harness.scheduler.window(.flex).tokensPerSecond(now: harness.now) > 0)
        #expect(harness.scheduler.statistics.tokensFailedByLane == [0, 0, 2_000_000_000, 0])
        harness.pass(1)
    }

    @Test("tokens of attempts that failed are told, and for whom places were lost")
    func waste() {
        var harness = Harness(engines: [Harness.engine("one", 1)])
        harness.arrive(1)
        harness.send(.firstToken(WorkKey(1)))
        harness.send(.progress(WorkKey(1), outputTokens: 50))
        harness.send(.failed(WorkKey(1), .request))
        #expect(harness.scheduler.statistics.tokensFailedByLane == [0, 150, 0, 0])
        harness.arrive(2, .flex)
        harness.arrive(3, .priority)
        #expect(harness.preempted == [WorkKey(2)])
        #expect(harness.scheduler.statistics.preempted == [0, 0, 1, 0])
        #expect(harness.scheduler.statistics.preemptedForPriority == [0, 0, 1, 0])
        harness.finish(WorkKey(3))
        harness.arrive(4)
        #expect(harness.scheduler.statistics.preempted == [0, 0, 2, 0])
        #expect(harness.scheduler.statistics.preemptedForPriority == [0, 0, 1, 0])
    }
}
