import Foundation
import Gateway
import GatewayTesting
import OpenAIWire
import Quantities
import Routing
import Scheduling
import Synchronization
import Testing

/// A place that comes free goes to the next request, which may give it back before it was told of it, and so on.
@Suite("Decisions that bring about others") struct ChainedDecisionTests {
    /// Threads of event loops and of tasks have a stack of this size on some systems.
    private func onSmallStack(_ body: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { continuation in
            let thread = Thread {
                body()
                continuation.resume()
            }
            thread.stackSize = 512 * 1_024
            thread.start()
        }
    }

    /// Lets requests wait behind one that runs, ends that one, and returns what their clients have heard.
    private func end(after count: Int, _ desk: CompletionDesk, key: KeyID) async throws -> [RecordingClient] {
        let (first, _) = try desk.ask(CompletionDesk.question, id: "req_first")
        let caller = Caller(project: desk.caller.project, key: key)
        let clients = try (0..<count).map { number in
            try desk.ask(CompletionDesk.question, id: RequestID("req_\(number)"), caller: caller).0
        }
        desk.clock.advance(by: .seconds(3))
        await self.onSmallStack { desk.engine.calls[0].resume() }
        #expect(first.state.whole != nil)
        #expect(desk.scheduler.snapshot.engines[0].inFlight == 0)
        #expect(desk.scheduler.snapshot.lanes[Lane.standard.rawValue].waiting == 0)
        return clients
    }

    @Test("ten thousand requests of a key that was revoked while they waited are refused without a deep stack")
    func revoked() async throws {
        let desk = try await CompletionDesk(
            [.hanging(then: .answer(CompletionDesk.answer))], concurrency: 1, isLive: { $0.key != "key_old" })
        let clients = try await self.end(after: 10_000, desk, key: "key_old")
        #expect(clients.allSatisfy { $0.state.error?.answer.status == 401 })
        #expect(desk.engine.requests.count == 1)
    }

    @Test("so are two thousand that an engine answers at once") func answered() async throws {
        let count = 2_000
        let desk = try await CompletionDesk(
            [.hanging(then: .answer(CompletionDesk.answer))]
                + Array(repeating: .answer(CompletionDesk.answer), count: count), concurrency: 1)
        let clients = try await self.end(after: count, desk, key: "key_a")
        #expect(clients.allSatisfy { $0.state.whole != nil })
    }

    @Test("requests that wait leave when their key is found revoked; what runs and other keys' requests stay")
    func revokedWhileWaiting() async throws {
        let isRevoked = Mutex(false)
        let hanging = EngineScript.hanging(then: .answer(CompletionDesk.answer))
        let desk = try await CompletionDesk(
            [hanging, hanging], concurrency: 1, isLive: { $0.key != "key_old" || !isRevoked.withLock { $0 } })
        let old = Caller(project: desk.caller.project, key: "key_old")
        let (running, _) = try desk.ask(CompletionDesk.question, id: "req_running", caller: old)
        let (flex, _) = try desk.ask(ConfiguredTierTests.question("flex"), id: "req_flex", caller: old)
        let (standard, _) = try desk.ask(CompletionDesk.question, id: "req_standard", caller: old)
        let (good, _) = try desk.ask(CompletionDesk.question, id: "req_good")
        desk.scheduler.reviewAccess()
        #expect([running, flex, standard, good].allSatisfy { $0.state.error == nil })
        isRevoked.withLock { $0 = true }
        desk.scheduler.reviewAccess()
        #expect([flex, standard].allSatisfy { $0.state.error?.answer.status == 401 })
        for call in 0..<2 { desk.engine.calls[call].resume() }
        #expect(running.state.whole != nil && good.state.whole != nil && desk.engine.requests.count == 2)
    }
}
