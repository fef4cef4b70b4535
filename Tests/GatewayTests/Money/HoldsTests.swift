import Gateway
import Ledger
import Quantities
import Synchronization
import Testing

@Suite("Waiting for a project's money") struct HoldsTests {
    private static let project: ProjectID = "proj_a"
    private let log = CapturedLog()

    private static func dollars(_ amount: Int64) -> Money { Money(dollars: amount) }

    /// Holds under a cap of ten dollars, of which two are spent and five held by `req_other`.
    private func holds() -> Holds {
        let holds = Holds(logger: self.log.logger)
        holds.open(Self.project, cap: Self.dollars(10), spent: Self.dollars(2))
        #expect(holds.place("req_other", project: Self.project, amount: Self.dollars(5)) == .held)
        return holds
    }

    @Test("is over once what is needed has come back, and is told once")
    func comesBack() {
        let holds = self.holds()
        let calls = Mutex(0)
        holds.whenRoom("batch_a", project: Self.project, amount: Self.dollars(6)) { calls.withLock { $0 += 1 } }
        #expect(holds.place("req_small", project: Self.project, amount: Self.dollars(1)) == .held)
        holds.settle("req_small", project: Self.project, actual: .zero)
        #expect(calls.withLock { $0 } == 0, "three dollars are not enough")
        holds.settle("req_other", project: Self.project, actual: .zero)
        #expect(calls.withLock { $0 } == 1)
        holds.open(Self.project, cap: nil, spent: .zero)
        #expect(calls.withLock { $0 } == 1)
    }

    @Test("is over when it cannot come back any more, and when the cap is raised")
    func changes() {
        let holds = self.holds()
        let calls = Mutex(0)
        holds.whenRoom("batch_a", project: Self.project, amount: Self.dollars(6)) { calls.withLock { $0 += 1 } }
        holds.settle("req_other", project: Self.project, actual: Self.dollars(5))
        #expect(calls.withLock { $0 } == 1)
        holds.whenRoom("batch_a", project: Self.project, amount: Self.dollars(6)) { calls.withLock { $0 += 1 } }
        holds.settle("req_free", project: Self.project, actual: .zero)
        #expect(calls.withLock { $0 } == 1)
        holds.open(Self.project, cap: Self.dollars(13), spent: .zero)
        #expect(calls.withLock { $0 } == 2)
    }

    @Test("work that costs more than was held is logged and counted, and the cap counts what was spent")
    func exceeded() throws {
        let holds = self.holds()
        holds.settle("req_other", project: Self.project, actual: Self.dollars(9))
        #expect(holds.turnover.exceededCount == 1)
        #expect(
            self.log.lines.map(\.metadata) == [
                ["request": "req_other", "project": "proj_a", "held_usd": "5", "cost_usd": "9"]
            ])
        #expect(holds.spent(Self.project) == Self.dollars(11))
        #expect(holds.place("req_more", project: Self.project, amount: Money(picodollars: 1)) != .held)
    }

    @Test("work that costs what was held, or had no hold under a cap, is not")
    func notExceeded() {
        let holds = self.holds()
        holds.settle("req_other", project: Self.project, actual: Self.dollars(5))
        holds.settle("req_free", project: Self.project, actual: Self.dollars(1))
        #expect(holds.place("req_open", project: "proj_free", amount: .zero) == .held)
        holds.settle("req_open", project: "proj_free", actual: Self.dollars(1))
        #expect(holds.turnover.exceededCount == 0 && self.log.lines.isEmpty)
    }

    @Test("is told at once where there is room, and never after it was forgotten")
    func atOnce() {
        let holds = self.holds()
        let calls = Mutex(0)
        holds.whenRoom("batch_a", project: Self.project, amount: Self.dollars(3)) { calls.withLock { $0 += 1 } }
        holds.whenRoom("batch_a", project: "proj_free", amount: Self.dollars(9)) { calls.withLock { $0 += 1 } }
        #expect(calls.withLock { $0 } == 2)
        holds.whenRoom("batch_a", project: Self.project, amount: Self.dollars(4)) { calls.withLock { $0 += 1 } }
        holds.forget("batch_a", project: Self.project)
        holds.settle("req_other", project: Self.project, actual: .zero)
        #expect(calls.withLock { $0 } == 2)
    }
}
