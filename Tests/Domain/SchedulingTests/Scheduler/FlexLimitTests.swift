import Quantities
import Scheduling
import Testing

@Suite struct FlexLimitTests {
    @Test("so many flex requests wait, one more is refused, and other lanes do not notice")
    func limit() {
        var harness = Harness(engines: [Harness.engine("one", 1)])
        harness.arrive(0, .flex)
        for key in 1...UInt64(Scheduler.flexWaitingMax) { harness.arrive(key, .flex) }
        #expect(harness.refused.isEmpty && harness.scheduler.waitingCount(.flex) == Scheduler.flexWaitingMax)
        harness.arrive(100_001, .flex)
        #expect(harness.refused == [WorkKey(100_001): .seconds(5)], "nothing is foretold yet")
        #expect(harness.scheduler.statistics.refused[Lane.flex.rawValue] == 1)
        harness.arrive(100_002, .standard)
        #expect(harness.dispatched.last?.key == WorkKey(100_002))
        harness.send(.gone(WorkKey(7)))
        harness.send(.gone(WorkKey(8)))
        harness.arrive(100_003, .flex)
        #expect(harness.refused.count == 1)
    }

    @Test("flex that is held for hours counts")
    func held() {
        var harness = HeldFlexTests.closed()
        for key in 1...UInt64(Scheduler.flexWaitingMax) {
            harness.send(.arrive(Harness.request(key, .flex, patience: .seconds(3_600))))
        }
        harness.arrive(100_001, .flex)
        #expect(harness.refused.keys.map(\.number) == [100_001])
    }
}
