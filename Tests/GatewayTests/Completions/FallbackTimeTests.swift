import Gateway
import GatewayTesting
import Ledger
import Quantities
import Routing
import Scheduling
import Testing

@Suite("A request that goes on in another tier after a wait") struct FallbackTimeTests {
    static let wishes = ServiceWishes(fallback: TierFallback(tier: .priority, after: .seconds(2)))

    /// One place; the first request there, a flex one, ends as the script says.
    static func desk(_ first: EngineScript) async throws -> CompletionDesk {
        let hanging = EngineScript.hanging(then: .answer(CompletionDesk.answer))
        return try await CompletionDesk([first, hanging, hanging], concurrency: 1)
    }

    private func waiting(_ desk: CompletionDesk, _ lane: Lane) -> Int {
        desk.scheduler.snapshot.lanes[lane.rawValue].waiting
    }

    private func pass(_ desk: CompletionDesk, _ milliseconds: Int64) {
        desk.clock.advance(by: .milliseconds(milliseconds))
        desk.scheduler.tick()
    }

    @Test("has waited only while it had no place") func preempted() async throws {
        let desk = try await Self.desk(.hanging(then: .answer(CompletionDesk.answer)))
        _ = try desk.ask(ConfiguredTierTests.question("flex"), wishes: Self.wishes)
        self.pass(desk, 3_000)
        _ = try desk.ask(ConfiguredTierTests.question("default"), id: "req_2")
        self.pass(desk, 1_900)
        #expect(self.waiting(desk, .flex) == 1 && self.waiting(desk, .priority) == 0)
        self.pass(desk, 100)
        #expect(self.waiting(desk, .flex) == 0 && self.waiting(desk, .priority) == 1)
    }

    @Test("has not waited while an engine that failed had it, but after that") func failed() async throws {
        let desk = try await Self.desk(.hanging(then: .failure(EngineFailure(.fault, status: 500, message: "broken"))))
        _ = try desk.ask(ConfiguredTierTests.question("flex"), wishes: Self.wishes)
        self.pass(desk, 3_000)
        // Its attempt ends, and another request gets the place in its pause.
        desk.engine.calls[0].resume()
        _ = try desk.ask(ConfiguredTierTests.question("default"), id: "req_2")
        self.pass(desk, 500)
        desk.timers.fire()
        #expect(self.waiting(desk, .flex) == 1)
        self.pass(desk, 1_400)
        #expect(self.waiting(desk, .flex) == 1)
        self.pass(desk, 100)
        #expect(self.waiting(desk, .priority) == 1)
    }
}
