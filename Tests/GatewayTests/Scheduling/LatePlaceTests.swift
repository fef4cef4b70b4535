import Foundation
import Gateway
import GatewayTesting
import OpenAIWire
import Quantities
import Routing
import Scheduling
import Synchronization
import Testing

/// What another thread does between two steps of a request.
final class Meanwhile: Meters {
    private let body = Mutex<(@Sendable () -> Void)?>(nil)

    /// Done once, on a thread of its own, before the next step goes on.
    func next(_ body: @escaping @Sendable () -> Void) { self.body.withLock { $0 = body } }

    func happen() {
        let body = self.body.withLock { body in
            defer { body = nil }
            return body
        }
        guard let body else { return }
        let isDone = DispatchSemaphore(value: 0)
        Thread {
            body()
            isDone.signal()
        }.start()
        isDone.wait()
    }

    func engineFailed(engine: EngineID, kind: String) { self.happen() }
    func requestStarted(model: String, tier: TierName) {}
    func requestFinished(_ facts: FinishedRequest) {}
    func batchLine(model: String, outcome: String) {}
    func committed(group: Int, seconds: Double) {}
    func set(gauge: GaugeName, _ value: Double) {}
}

/// Two threads tell a request and the scheduler of its place, each a moment before the other.
@Suite("A place that is lost at the same moment", .timeLimit(.minutes(1))) struct LatePlaceTests {
    private let meanwhile = Meanwhile()
    private static let answer = EngineScript.answer(CompletionDesk.answer)
    private static let flex = ConfiguredTierTests.question("flex")
    private static let away = EngineScript.failure(EngineFailure(.unreachable, message: "refused"))

    /// One place.
    private func desk(_ scripts: [EngineScript]) async throws -> CompletionDesk {
        try await CompletionDesk(
            scripts, concurrency: 1,
            isLive: { [meanwhile] _ in
                meanwhile.happen()
                return true
            }, meters: self.meanwhile)
    }

    private func ask(_ desk: CompletionDesk, _ id: RequestID) {
        do { _ = try desk.ask(CompletionDesk.question, id: id) } catch { Issue.record(error) }
    }

    @Test("flex that loses its place while its engine is told as lost waits for the next one")
    func lost() async throws {
        let desk = try await self.desk([.hanging(then: Self.away), .hanging(then: Self.answer), Self.answer])
        let (client, _) = try desk.ask(Self.flex)
        self.meanwhile.next { self.ask(desk, "req_urgent") }
        desk.engine.calls[0].resume()
        #expect(desk.scheduler.snapshot.lanes[Lane.flex.rawValue].waiting == 1)
        desk.scheduler.tick()
        desk.engine.calls[1].resume()
        desk.clock.advance(by: .seconds(1))
        desk.scheduler.tick()
        #expect(client.state.whole != nil)
    }

    @Test("a request that gets a place while others are told that their engine is away keeps it, and is counted there")
    func stranded() async throws {
        let desk = try await self.desk(
            Array(repeating: Self.away, count: 5) + [.hanging(then: Self.answer), .hanging(then: Self.answer)])
        for id: RequestID in ["req_1", "req_2"] {
            self.ask(desk, id)
            desk.timers.fire()
            desk.timers.fire()
        }
        desk.clock.advance(by: .seconds(1))
        desk.scheduler.tick()
        self.ask(desk, "req_probe")
        desk.scheduler.tick()
        let (first, _) = try desk.ask(CompletionDesk.question, id: "req_first")
        let (second, _) = try desk.ask(CompletionDesk.question, id: "req_second")
        desk.clock.advance(by: .seconds(5))
        first.onRefusal { desk.engine.calls[5].resume() }
        desk.scheduler.tick()
        #expect(first.state.error?.answer.code == "engine_unreachable" && second.state.error == nil)
        #expect(desk.engine.requests.last?.request == "req_second")
        #expect(desk.directory.inFlight("e1") == 1 && desk.scheduler.snapshot.engines[0].inFlight == 1)
        desk.engine.calls[6].resume()
        #expect(second.state.whole != nil && desk.scheduler.snapshot.engines[0].inFlight == 0)
    }

    @Test("flex that loses its place just before it is sent is not sent there")
    func beforeSending() async throws {
        let desk = try await self.desk([.hanging(then: Self.answer), .hanging(then: Self.answer), Self.answer])
        self.ask(desk, "req_first")
        let (client, _) = try desk.ask(Self.flex)
        desk.clock.advance(by: .seconds(3))
        self.meanwhile.next { self.ask(desk, "req_urgent") }
        desk.engine.calls[0].resume()
        #expect(desk.engine.requests.map(\.request) == ["req_first", "req_urgent"])
        desk.engine.calls[1].resume()
        #expect(client.state.whole != nil)
        #expect(desk.directory.inFlight("e1") == 0 && desk.scheduler.snapshot.engines[0].inFlight == 0)
    }
}
