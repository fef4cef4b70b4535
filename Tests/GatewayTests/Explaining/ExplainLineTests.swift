import Gateway
import GatewayTesting
import Ledger
import Quantities
import Routing
import Scheduling
import Testing

@Suite("Explaining a line of a running batch", .timeLimit(.minutes(1))) struct ExplainLineTests {
    private static func explain(
        _ desk: BatchDesk, _ line: Int, of batch: BatchID, project: ProjectID = BatchDesk.project
    ) async throws -> ExplainRequest.LineExplanation {
        try await ExplainRequest(history: desk.history, scheduler: desk.scheduler, ledger: desk.store)
            .line("\(line)", of: batch, in: desk.service, project: project)
    }

    private static let hanging = EngineScript.hanging(then: .answer(CompletionDesk.answer))

    @Test("one is at its engine, one has ended, the others know how many go before them")
    func standings() async throws {
        let desk = try await BatchDesk([.answer(CompletionDesk.answer), Self.hanging])
        try await desk.running {
            let id = try await desk.submit(lines: 5)
            await desk.engine.waitForRequests(2)
            while try await desk.batch(id).completedLines < 1 { await Task.yield() }
            desk.clock.advance(by: .seconds(3))
            let running = try await Self.explain(desk, 1, of: id)
            #expect(running.report.state == .inFlight && running.report.engine == "e1")
            #expect(running.report.sentAt.map { running.at.since($0) } == .seconds(3))
            #expect(running.linesInFlight == 1 && running.waitsFor == nil)
            let last = try await Self.explain(desk, 4, of: id)
            #expect(last.report.state == .waiting && last.report.ahead == 2 && last.report.path == nil)
            let first = try await Self.explain(desk, 0, of: id)
            #expect(first.report.state == .ended)
            #expect(first.report.request == desk.store.allCharges.first?.request)
            #expect(first.report.path?.outcome == "answered")
            desk.engine.calls[1].resume()
            #expect(await desk.exit() == .ended)
            await #expect(throws: GatewayError.self) { try await Self.explain(desk, 1, of: id) }
        }
    }

    @Test("a failed attempt puts a line off, and its way says why") func putOff() async throws {
        let desk = try await BatchDesk([
            .failure(EngineFailure(.fault, status: 500, message: "broken")), Self.hanging, Self.hanging,
        ])
        try await desk.running {
            let id = try await desk.submit(lines: 2)
            await desk.engine.waitForRequests(2)
            let line = try await Self.explain(desk, 0, of: id).report
            #expect(line.state == .putOff && line.until.map { $0 > desk.clock.now } == true)
            #expect(line.path?.steps.map(\.kind) == [.arrived, .dispatched, .failed])
            desk.engine.calls[1].resume()
            desk.clock.advance(by: .seconds(100))
            desk.timers.fire()
            await desk.engine.waitForRequests(3)
            desk.engine.calls[2].resume()
            #expect(await desk.exit() == .ended)
        }
    }

    @Test("a line that made room says how often, and is the next") func preempted() async throws {
        let desk = try await BatchDesk([Self.hanging])
        try await desk.running {
            let id = try await desk.submit(lines: 3)
            await desk.engine.waitForRequests(1)
            while !desk.engine.calls[0].isHanging { await Task.yield() }
            let urgent = FakeWork(desk.scheduler)
            desk.scheduler.submit(urgent, LateDecisionTests.request(urgent, .standard))
            var line = try await Self.explain(desk, 0, of: id).report
            while line.state == .inFlight { line = try await Self.explain(desk, 0, of: id).report }
            #expect(line.state == .waiting && line.ahead == 0 && line.preemptions == 1)
            #expect(line.path?.steps.last?.kind == .preempted)
            #expect(try await Self.explain(desk, 2, of: id).report.ahead == 2)
            desk.scheduler.send(.finished(urgent.key, LateDecisionTests.usage))
            #expect(await desk.exit() == .ended)
        }
    }

    @Test("a line without money says so, and its batch what it waits for") func money() async throws {
        let desk = try await BatchDesk()
        desk.holds.open(BatchDesk.project, cap: .zero, spent: .zero)
        try await desk.running {
            let id = try await desk.submit(lines: 2)
            await desk.log.waitFor("batch waits for a higher spend limit of its project")
            let line = try await Self.explain(desk, 0, of: id)
            #expect(line.report.state == .awaitsMoney && line.waitsFor == .projectSpendLimit)
            await #expect(throws: GatewayError.self) { try await Self.explain(desk, 2, of: id) }
            await #expect(throws: GatewayError.self) { try await Self.explain(desk, 0, of: id, project: "proj_b") }
            desk.holds.open(BatchDesk.project, cap: nil, spent: .zero)
            #expect(await desk.exit() == .ended)
        }
    }
}
