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

    @Test("flex that is held for hours counts, and a quarter is the most for one project")
    func held() {
        var harness = HeldFlexTests.closed()
        var key: UInt64 = 0
        func arrive(_ project: Int) {
            key += 1
            harness.send(
                .arrive(
                    Harness.request(key, .flex, project: ProjectID("proj_\(project)"), patience: .seconds(3_600))))
        }
        for project in 0..<4 {
            for _ in 0..<Scheduler.flexWaitingMax / 4 { arrive(project) }
            #expect(harness.refused.isEmpty)
            if project == 2 {
                arrive(project)
                #expect(harness.refused.removeValue(forKey: WorkKey(key)) != nil)
            }
        }
        harness.arrive(100_001, .flex)
        #expect(harness.refused.keys.map(\.number) == [100_001])
    }
}
