import Scheduling
import Testing

@Suite struct LaneTests {
    @Test("interactive lanes come before background ones")
    func order() {
        #expect(Lane.allCases == Lane.allCases.sorted())
        #expect(Lane.allCases.map(\.isInteractive) == [true, true, false, false])
    }
}
