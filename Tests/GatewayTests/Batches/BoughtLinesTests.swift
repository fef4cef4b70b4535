import Gateway
import GatewayTesting
import Ledger
import OpenAIWire
import Quantities
import Routing
import Testing

@Suite("Lines in flight at an engine that sends a bill", .timeLimit(.minutes(1))) struct BoughtLinesTests {
    enum End: CaseIterable { case cancel, expiry }

    /// A batch of two lines, the first of which is in flight.
    private func desk(_ kind: EngineKind) async throws -> BatchDesk {
        try await BatchDesk([.hanging(then: .answer(CompletionDesk.answer))], kind: kind)
    }

    private func submit(_ desk: BatchDesk) async throws -> BatchID {
        let id = try await desk.submit(lines: 2)
        await desk.engine.waitForRequests(1)
        return id
    }

    private func end(_ id: BatchID, _ desk: BatchDesk, by end: End) async throws {
        switch end {
        case .cancel: _ = try await desk.service.cancel(id, project: BatchDesk.project)
        case .expiry:
            desk.clock.advance(by: .seconds(86_400))
            desk.timers.fire()
            while try await desk.batch(id).status == "in_progress" { await Task.yield() }
        }
    }

    @Test("finish when their batch ends, and are kept and charged (scheduling 6.6)", arguments: End.allCases)
    func kept(_ end: End) async throws {
        let desk = try await self.desk(.openai)
        try await desk.running {
            let id = try await self.submit(desk)
            try await self.end(id, desk, by: end)
            #expect(!desk.engine.calls[0].isCancelled)
            desk.engine.calls[0].resume()
            #expect(await desk.exit() == .ended)
            let batch = try await desk.batch(id)
            #expect(batch.status == (end == .cancel ? "cancelled" : "expired") && batch.completedLines == 1)
            #expect(try await desk.rows(batch.outputFile).map { $0["custom_id"]?.string } == ["0"])
            #expect(try await desk.rows(batch.errorFile).map { $0["custom_id"]?.string } == ["1"])
        }
        #expect(desk.store.allCharges.map(\.amount) == [BatchDesk.charge])
        #expect(desk.engine.requests.count == 1, "nothing more is sent")
    }

    @Test("are given up ten minutes later", arguments: End.allCases) func graceIsBounded(_ end: End) async throws {
        let desk = try await self.desk(.openai)
        try await desk.running {
            let id = try await self.submit(desk)
            try await self.end(id, desk, by: end)
            await desk.timers.waitForTimers(1)
            desk.clock.advance(by: .seconds(600))
            desk.timers.fire()
            #expect(await desk.exit() == .ended)
            #expect(try await desk.batch(id).completedLines == 0)
        }
        #expect(desk.engine.calls[0].isCancelled && desk.store.allCharges.isEmpty)
    }

    @Test("are given up at once at an engine of our own", arguments: End.allCases) func own(_ end: End) async throws {
        let desk = try await self.desk(.vllm)
        try await desk.running {
            let id = try await self.submit(desk)
            try await self.end(id, desk, by: end)
            #expect(await desk.exit() == .ended)
            #expect(try await desk.batch(id).completedLines == 0)
        }
        #expect(desk.engine.calls[0].isCancelled && desk.store.allCharges.isEmpty)
    }

    @Test("finish when the process stops; their batch goes on later", arguments: [EngineKind.openai, .vllm])
    func stop(_ kind: EngineKind) async throws {
        let desk = try await self.desk(kind)
        try await desk.running {
            let id = try await self.submit(desk)
            desk.runner.stop(keepsBought: true)
            if kind == .openai { desk.engine.calls[0].resume() }
            #expect(await desk.exit() == .stopped)
            let batch = try await desk.batch(id)
            #expect(batch.status == "in_progress" && batch.completedLines == (kind == .openai ? 1 : 0))
        }
        #expect(desk.engine.calls[0].isCancelled == (kind == .vllm))
        #expect(desk.store.allCharges.count == (kind == .openai ? 1 : 0) && desk.engine.requests.count == 1)
    }

    @Test("are given up when the time to stop is over") func stopIsBounded() async throws {
        let desk = try await self.desk(.openai)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await desk.runner.run() }
            _ = try await self.submit(desk)
            desk.runner.stop(keepsBought: true)
            group.cancelAll()
            #expect(await desk.exit() == .stopped)
        }
        #expect(desk.engine.calls[0].isCancelled && desk.directory.inFlight("e1") == 0)
    }
}
