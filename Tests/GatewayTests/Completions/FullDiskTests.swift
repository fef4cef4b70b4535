import Gateway
import GatewayTesting
import OpenAIWire
import Quantities
import Testing

@Suite("Requests while nothing can be recorded") struct FullDiskTests {
    @Test("while charges cannot be recorded nothing is sent, come or waiting; what ran is answered later")
    func fullDisk() async throws {
        let hanging = EngineScript.hanging(then: .answer(CompletionDesk.answer))
        let desk = try await CompletionDesk(
            [hanging, hanging, .answer(CompletionDesk.answer)], concurrency: 1, keepsCommits: true)
        let clients = try (1...3).map { try desk.ask(CompletionDesk.question, id: RequestID("req_\($0)")).0 }
        desk.store.commitFailure = .unavailable("disk full")
        // The second is sent when the first has ended, before its commit fails.
        desk.engine.calls[0].resume()
        desk.engine.calls[1].resume()
        let (late, _) = try desk.ask(CompletionDesk.question, id: "req_4")
        for refused in [clients[2], late] {
            #expect(refused.state.error?.answer.code == "store_unavailable")
            #expect(refused.state.error?.answer.status == 503)
        }
        #expect(desk.engine.requests.count == 2 && clients[0].state.whole == nil && clients[0].state.error == nil)
        desk.store.commitFailure = nil
        desk.timers.fire()
        #expect(clients[0].state.whole != nil && clients[1].state.whole != nil)
        #expect(desk.store.allCharges.count == 2)
        #expect(try desk.ask(CompletionDesk.question, id: "req_5").0.state.whole != nil)
    }
}
