import Gateway
import GatewayTesting
import OpenAIWire
import Quantities
import Routing
import Scheduling
import Testing

@Suite("Flex and engines that it cannot reach") struct FlexReachTests {
    private static let away = EngineScript.failure(EngineFailure(.unreachable, message: "refused"))
    private static let answer = EngineScript.answer(CompletionDesk.answer)
    private static let flex = ConfiguredTierTests.question("flex")

    private func pass(_ halfSeconds: Int, _ desk: CompletionDesk) {
        for _ in 0..<halfSeconds {
            desk.clock.advance(by: .milliseconds(500))
            desk.scheduler.tick()
        }
    }

    @Test("one failure takes the engine from nobody else, and flex tries again after half a second")
    func others() async throws {
        let desk = try await CompletionDesk([Self.away, Self.answer, Self.answer])
        let (flex, _) = try desk.ask(Self.flex)
        let (standard, _) = try desk.ask(CompletionDesk.question, id: "req_standard")
        #expect(standard.state.whole != nil && flex.state.whole == nil && flex.state.error == nil)
        self.pass(1, desk)
        #expect(flex.state.whole != nil && desk.engine.requests.count == 3)
    }

    @Test("five in a row do, and an engine that is back takes as much flex as before")
    func breaker() async throws {
        let hanging = EngineScript.hanging(then: Self.answer)
        let desk = try await CompletionDesk(
            Array(repeating: Self.away, count: 5) + [hanging] + Array(repeating: Self.answer, count: 9))
        let clients = try (1...4).map { try desk.ask(Self.flex, id: RequestID("req_\($0)")).0 }
        self.pass(4, desk)
        #expect(desk.engine.requests.count == 5 && desk.scheduler.snapshot.engines[0].isAvailable == false)
        self.pass(2, desk)
        #expect(desk.engine.requests.count == 6)
        desk.engine.calls[5].resume()
        #expect(clients.allSatisfy { $0.state.whole != nil })
    }

    @Test("flex waits beyond the longest rest of a breaker while nobody knows whether its engine is back")
    func longProbe() async throws {
        let desk = try await CompletionDesk(
            Array(repeating: Self.away, count: 5) + [.hanging(then: Self.answer), Self.answer])
        let (probe, _) = try desk.ask(Self.flex)
        self.pass(6, desk)
        let (client, _) = try desk.ask(Self.flex, id: "req_2")
        self.pass(80, desk)
        #expect(client.state.error == nil && desk.engine.requests.count == 6)
        desk.engine.calls[5].resume()
        #expect(probe.state.whole != nil && client.state.whole != nil)
    }

    @Test("flex whose engine is taken out of the configuration is told so")
    func taken() async throws {
        let desk = try await CompletionDesk([Self.away])
        let (client, _) = try desk.ask(Self.flex)
        desk.directory.replace(try RoutingTable(engines: [], aliases: [:]))
        self.pass(1, desk)
        #expect(client.state.error?.answer.code == "engine_unreachable")
    }
}
