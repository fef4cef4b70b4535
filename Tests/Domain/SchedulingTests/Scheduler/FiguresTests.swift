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
