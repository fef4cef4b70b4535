import Gateway
import GatewayTesting
import Quantities
import Routing
import Scheduling
import Synchronization
import Testing

@Suite("How a batch's pause ends", .timeLimit(.minutes(1))) struct BatchPauseTests {
    private final class Server: Sendable {
        private let away = Mutex(true)
        var isAway: Bool { self.away.withLock { $0 } }
        func comeBack() { self.away.withLock { $0 = false } }
    }

    /// The head of an answer, and the rest when the test says so.
    private static let begun: EngineScript = {
        var script = EngineScript.answer(CompletionDesk.answer)
        script.steps.insert(.hang, at: 1)
        return script
    }()

    private static func pass(_ time: Duration, at desk: BatchDesk) async {
        desk.clock.advance(by: time)
        desk.timers.fire()
        desk.scheduler.tick()
        await Task.yield()
    }

    /// An engine of four places that is away as long as the server is, and then begins to answer.
    private static func desk(_ server: Server) async throws -> BatchDesk {
        try await BatchDesk(places: 4) { _ in
            server.isAway ? .failure(EngineFailure(.unreachable, message: "gone")) : Self.begun
        }
    }

    /// So many tries that each pause is as long as any.
    private static func exhaust(_ desk: BatchDesk) async {
        while desk.engine.requests.count < 14 { await Self.pass(.milliseconds(50), at: desk) }
    }

    /// Returns when the first line has been sent to the engine that is back; the number of those before it.
    private static func probed(_ desk: BatchDesk, _ server: Server) async throws -> Int {
        _ = try await desk.submit(lines: 12)
        await Self.exhaust(desk)
        server.comeBack()
        let tries = desk.engine.requests.count
        while desk.engine.requests.count == tries { await Self.pass(.milliseconds(50), at: desk) }
        return tries
    }

    @Test("an engine that was long away gets all its places once the head of one answer has come")
    func back() async throws {
        let server = Server()
        let desk = try await Self.desk(server)
        try await desk.running {
            let tries = try await Self.probed(desk, server)
            // No time passes any more.
            await desk.engine.waitForRequests(tries + 4)
        }
    }

    @Test("an engine is asked as soon as its breaker allows, however long the batch would still pause")
    func due() async throws {
        let desk = try await BatchDesk(places: 1) { _ in .failure(EngineFailure(.unreachable, message: "gone")) }
        try await desk.running {
            _ = try await desk.submit(lines: 2)
            await Self.exhaust(desk)
            // The batch has heard of its last try, and pauses with both lines.
            while desk.scheduler.snapshot.lanes.last?.waiting != 2 { await Task.yield() }
            let (tries, began) = (desk.engine.requests.count, desk.clock.now)
            desk.clock.advance(by: EngineHealth.openForMax)
            desk.scheduler.tick()
            await desk.engine.waitForRequests(tries + 1)
            #expect(desk.clock.now.since(began) == EngineHealth.openForMax)
        }
    }

    @Test("an engine that was away is told as away until it has answered, and lines of a paused batch as waiting")
    func told() async throws {
        let desk = try await Self.desk(Server())
        func isTold() -> Bool { desk.scheduler.snapshot.engines.allSatisfy(\.isAvailable) }
        func waiting() -> Int? { desk.scheduler.snapshot.lanes.last?.waiting }
        try await desk.running {
            let id = try await desk.submit(lines: 12)
            await Self.exhaust(desk)
            #expect(!isTold())
            while waiting() != 12 { await Task.yield() }
            #expect(desk.service.waitsFor(try await desk.batch(id)) == .engineUnavailable)
            // Its breaker asks for a probe, which nobody makes here.
            desk.runner.stop()
            desk.clock.advance(by: EngineHealth.openForMax)
            desk.scheduler.tick()
            #expect(desk.directory.isAvailable("e1", now: desk.clock.now) && !isTold())
        }
    }

    @Test("an engine is told as there from the head of its first answer on")
    func toldAgain() async throws {
        let server = Server()
        let desk = try await Self.desk(server)
        try await desk.running {
            _ = try await Self.probed(desk, server)
            while !desk.scheduler.snapshot.engines.allSatisfy(\.isAvailable) { await Task.yield() }
        }
    }

    @Test("an answer of the engine that had refused the gateway's key ends the pause")
    func accepted() async throws {
        let desk = try await BatchDesk(
            [
                .hanging(then: .answer(CompletionDesk.answer)),
                .failure(EngineFailure(.credential, status: 401, message: "no")),
            ], places: 2)
        try await desk.running {
            let id = try await desk.submit(lines: 5)
            await desk.engine.waitForRequests(2)
            desk.engine.calls[0].resume()
            #expect(await desk.exit() == .ended)
            #expect(try await desk.batch(id).completedLines == 5)
        }
    }

    @Test("an engine that refuses the gateway's key is not asked again because another one answers")
    func refused() async throws {
        let desk = try await BatchDesk(engines: 2) { request in
            request.engine.id == "e2"
                ? .failure(EngineFailure(.credential, status: 401, message: "no"))
                : .hanging(then: .answer(CompletionDesk.answer))
        }
        try await desk.running {
            let id = try await desk.submit(lines: 6)
            await desk.engine.waitForRequests(2)
            for call in desk.engine.calls { call.resume() }
            while try await desk.batch(id).completedLines < 1 { await Task.yield() }
            #expect(desk.service.waitsFor(try await desk.batch(id)) == .engineUnavailable)
            #expect(desk.engine.requests.count == 2)
        }
    }
}
