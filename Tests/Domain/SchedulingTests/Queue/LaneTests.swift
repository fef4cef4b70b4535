import Scheduling
import Testing

@Suite struct LaneTests {
    @Test("interactive lanes come before background ones")
    func order() {
        #expect([Lane.batch, .flex, .standard, .priority].sorted() == [.priority, .standard, .flex, .batch])
        #expect(Lane.allCases.map(\.isInteractive) == [true, true, false, false])
    }
}
