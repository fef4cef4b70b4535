import Gateway
import GatewayTesting
import Quantities
import Testing

@Suite("Batches that may miss their deadline", .timeLimit(.minutes(1))) struct BatchRiskTests {
    @Test(
        "a batch tells the load of its deadline once the rate is known, above 1 when there is more to do than time",
        arguments: [("2h", true), ("24h", false)])
    func told(window: String, isLate: Bool) async throws {
        let desk = try await BatchDesk(tiersPricedAs: ["2h": .batch]) { _ in
            .hanging(then: .answer(CompletionDesk.answer))
        }
        try await desk.running {
            let id = try await desk.submit(Array(repeating: BatchDesk.body, count: 20), window: window)
            await desk.engine.waitForRequests(1)
            desk.scheduler.tick()
            #expect(desk.service.deadlineLoad(of: try await desk.batch(id)) == 0, "nothing is known yet")
            // A line takes ten minutes.
            desk.clock.advance(by: .seconds(600))
            desk.engine.calls[0].resume()
            await desk.engine.waitForRequests(2)
            desk.clock.advance(by: .seconds(11))
            desk.scheduler.tick()
            let load = try #require(desk.service.deadlineLoad(of: try await desk.batch(id)))
            #expect((load > 1) == isLate && load > 0.1, "\(load)")
        }
    }
}
