import Gateway
import GatewayTesting
import Ledger
import OpenAIWire
import Quantities
import Routing
import Testing

@Suite("A batch at its cost limit") struct BatchCostLimitTests {
    /// Room for two lines of four.
    private func limit(_ desk: BatchDesk) throws -> Money {
        Money(picodollars: try desk.bound.picodollars + 25_000_000)
    }

    @Test("ends cancelled, with the reason, what ran, and a row for each line that did not run")
    func ends() async throws {
        let desk = try await BatchDesk()
        let limit = try self.limit(desk)
        try await desk.running {
            let id = try await desk.submit(lines: 4, maxCost: limit)
            #expect(await desk.exit() == .ended)
            let batch = try await desk.batch(id)
            #expect(batch.status == "cancelled" && batch.cancelledAt != nil)
            #expect(batch.errors.map(\.code) == ["cost_limit_reached"])
            #expect((batch.totalLines, batch.completedLines, batch.failedLines) == (4, 2, 0))
            let output = try await desk.rows(batch.outputFile)
            #expect(output.map { $0["custom_id"]?.string } == ["0", "1"])
            let unrun = try await desk.rows(batch.errorFile)
            #expect(unrun.map { $0["custom_id"]?.string } == ["2", "3"])
            #expect(unrun.allSatisfy { $0["error"]?["code"]?.string == "cost_limit_reached" })
            let errors = try #require(batch.errorFile)
            let (file, content) = try await desk.files.content(errors, project: BatchDesk.project)
            #expect(content.byteCount == file.bytes)
        }
        #expect(desk.engine.requests.count == 2)
        #expect(desk.store.allCharges.map(\.amount) == [BatchDesk.charge, BatchDesk.charge])
    }

    @Test("waits for its lines in flight: what they leave of their bounds may be room for more")
    func inFlight() async throws {
        let hanging = EngineScript.hanging(then: .answer(CompletionDesk.answer))
        let desk = try await BatchDesk([hanging], places: 4)
        let limit = try self.limit(desk)
        try await desk.running {
            let id = try await desk.submit(lines: 4, maxCost: limit)
            await desk.engine.waitForRequests(1)
            #expect(try await desk.batch(id).status == "in_progress")
            desk.engine.calls[0].resume()
            #expect(await desk.exit() == .ended)
            #expect(try await desk.batch(id).completedLines == 2)
        }
        #expect(desk.engine.requests.count == 2)
    }

    @Test("ends at once at bought engines too, since nothing is left to drain") func bought() async throws {
        let desk = try await BatchDesk(kind: .openai)
        try await desk.running {
            let id = try await desk.submit(lines: 2, maxCost: .zero)
            #expect(await desk.exit() == .ended)
            #expect(try await desk.batch(id).status == "cancelled")
        }
        #expect(desk.engine.requests.isEmpty)
    }

    @Test("stays as it stands for a runner that goes on under a higher limit") func parks() async throws {
        let desk = try await BatchDesk(atCostLimit: .park)
        let limit = try self.limit(desk)
        try await desk.running {
            let id = try await desk.submit(lines: 4, maxCost: limit)
            #expect(await desk.exit() == .parkedAtCostLimit)
            var batch = try await desk.batch(id)
            #expect(batch.status == "in_progress" && batch.errors.isEmpty && batch.completedLines == 2)
            batch.maxCost = Money(dollars: 1)
            desk.runner.submit(try await desk.store.update(batch, expecting: ["in_progress"], files: []).batch)
            #expect(await desk.exit() == .ended)
            #expect(try await desk.batch(id).status == "completed")
        }
        #expect(desk.store.allCharges.count == 4)
    }

    @Test("a batch that waits for a bought engine is cancelled at once") func idleCancel() async throws {
        let gone = EngineFailure(.unreachable, message: "gone")
        let desk = try await BatchDesk([.failure(gone)], kind: .openai)
        try await desk.running {
            let id = try await desk.submit(lines: 2)
            await desk.engine.waitForRequests(1)
            _ = try await desk.service.cancel(id, project: BatchDesk.project)
            #expect(await desk.exit() == .ended)
            #expect(try await desk.batch(id).status == "cancelled")
        }
        #expect(desk.store.allCharges.isEmpty)
    }
}
