import Quantities
import Scheduling
import Testing

@Suite struct ReserveControllerTests {
    static func at(_ seconds: Int64) -> Instant { Instant(seconds: seconds) }

    @Test("a sixteenth of the limit to begin with, nothing at a small engine")
    func start() {
        #expect(
            [1, 4, 8, 15, 16, 17, 64].map { ReserveController(limit: $0, now: Self.at(0)).places } == [
                0, 0, 0, 0, 1, 2, 4,
            ])
    }

    @Test("doubles when more than one per cent was thrown away, up to a quarter")
    func doubles() {
        var reserve = ReserveController(limit: 64, now: Self.at(0))
        for round in 1...4 {
            reserve.served(units: 1_000)
            reserve.preempted(units: 50, now: Self.at(Int64(round) * 300 - 1))
            reserve.tick(now: Self.at(Int64(round) * 300))
        }
        #expect(reserve.places == 16)
    }

    @Test("stays while little is thrown away, shrinks after ten quiet minutes")
    func shrinks() {
        var reserve = ReserveController(limit: 64, now: Self.at(0))
        reserve.served(units: 100_000)
        reserve.preempted(units: 100, now: Self.at(290))
        reserve.tick(now: Self.at(300))
        #expect(reserve.places == 4)
        reserve.tick(now: Self.at(889))
        #expect(reserve.places == 4)
        reserve.tick(now: Self.at(891))
        #expect(reserve.places == 3)
        reserve.tick(now: Self.at(900))
        #expect(reserve.places == 3)
        for minute in 1...60 { reserve.tick(now: Self.at(891 + Int64(minute) * 601)) }
        #expect(reserve.places == 0)
    }

    @Test("a careful one begins with a quarter and keeps it when anything is thrown away")
    func careful() {
        var controller = ReserveController(limit: 64, isCareful: true, now: Instant(seconds: 0))
        #expect(controller.places == 16)
        controller.tick(now: Instant(seconds: 1_300))
        #expect(controller.places == 15)
        controller.preempted(units: 1, now: Instant(seconds: 1_310))
        controller.served(units: 1_000_000)
        controller.tick(now: Instant(seconds: 1_700))
        #expect(controller.places == 16)
        controller = ReserveController(limit: 64, now: Instant(seconds: 0))
        controller.protect(isCareful: true)
        #expect(controller.places == 16)
        #expect(ReserveController(limit: 8, isCareful: true, now: Instant(seconds: 0)).places == 0)
    }
}
