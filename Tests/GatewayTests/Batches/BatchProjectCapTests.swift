import Gateway
import GatewayTesting
import Ledger
import OpenAIWire
import Quantities
import Routing
import Testing

@Suite("A batch under its project's spend cap") struct BatchProjectCapTests {
    private static let waits = "waits for a higher spend limit"

    private func open(_ desk: BatchDesk, cap: Int128, spent: Int128 = 0) {
        desk.holds.open(
            BatchDesk.project, cap: Money(picodollars: cap), spent: Money(picodollars: spent))
    }

    /// Keeps money for other work of the project.
    private func hold(_ desk: BatchDesk, _ amount: Int128) {
        #expect(
            desk.holds.place("req_other", project: BatchDesk.project, amount: Money(picodollars: amount)) == .held)
    }

    @Test("a line that costs more than the whole cap fails at once and free of charge, and the others go on")
    func tooDear() async throws {
        let desk = try await BatchDesk()
        self.open(desk, cap: 1_000_000_000_000)
        try await desk.running {
            let id = try await desk.submit([BatchDesk.body, BatchDesk.dearBody, BatchDesk.body])
            #expect(await desk.exit() == .ended)
            let batch = try await desk.batch(id)
            #expect((batch.status, batch.completedLines, batch.failedLines) == ("completed", 2, 1))
            let row = try #require(try await desk.rows(batch.errorFile).first)
            #expect(row["custom_id"]?.string == "1" && row["error"] == .null)
            #expect(row["response"]?["status_code"]?.integer == 429)
            let error = row["response"]?["body"]?["error"]
            #expect(error?["code"]?.string == "project_spend_limit_exceeded")
            #expect(error?["type"]?.string == "insufficient_quota")
            #expect(error?["message"]?.string?.contains("up to $3.0") == true)
        }
        #expect(desk.engine.requests.count == 2)
        #expect(desk.store.allCharges.map(\.amount) == [BatchDesk.charge, BatchDesk.charge])
        #expect(desk.log.count(Self.waits) == 0)
    }

    @Test("lines beyond what is left wait, say so once, let smaller ones pass, and run when the cap is raised")
    func raised() async throws {
        let desk = try await BatchDesk()
        // Four dollars are enough for a dear line, the one that is left is not.
        self.open(desk, cap: 4_000_000_000_000, spent: 3_000_000_000_000)
        try await desk.running {
            let id = try await desk.submit([
                BatchDesk.dearBody, BatchDesk.body, BatchDesk.dearBody, BatchDesk.body,
            ])
            await desk.log.waitFor(Self.waits)
            var batch = try await desk.batch(id)
            #expect((batch.status, batch.completedLines, batch.failedLines) == ("in_progress", 2, 0))
            #expect(desk.service.waitsFor(batch) == .projectSpendLimit)
            // Not enough of a raise, and then enough for one after the other.
            self.open(desk, cap: 5_000_000_000_000)
            self.open(desk, cap: 7_000_000_000_000)
            #expect(await desk.exit() == .ended)
            batch = try await desk.batch(id)
            #expect((batch.status, batch.completedLines) == ("completed", 4))
            #expect(desk.service.waitsFor(batch) == nil)
        }
        #expect(desk.store.allCharges.map(\.line) == [1, 3, 0, 2])
        #expect(desk.log.count(Self.waits) == 1 && desk.log.count("batch goes on") == 1)
    }

    @Test("a line that fits once running work has ended waits for it in its turn")
    func heldMoney() async throws {
        let hanging = EngineScript.hanging(then: .answer(CompletionDesk.answer))
        let desk = try await BatchDesk([hanging, hanging, hanging], places: 3)
        self.open(desk, cap: 7_000_000_000_000)
        self.hold(desk, 2_000_000_000_000)
        try await desk.running {
            let id = try await desk.submit(Array(repeating: BatchDesk.dearBody, count: 3))
            await desk.engine.waitForRequests(1)
            // Room for a second line comes back from other work, for the third from the first.
            desk.holds.settle("req_other", project: BatchDesk.project, actual: .zero)
            await desk.engine.waitForRequests(2)
            desk.engine.calls[0].resume()
            await desk.engine.waitForRequests(3)
            desk.engine.calls[1].resume()
            desk.engine.calls[2].resume()
            #expect(await desk.exit() == .ended)
            #expect(try await desk.batch(id).completedLines == 3)
        }
        #expect(desk.log.count(Self.waits) == 0)
    }

    @Test("a batch whose money others hold, maybe for hours, says so and goes on when they give it back")
    func heldByOthers() async throws {
        let desk = try await BatchDesk([.answer(CompletionDesk.answer)])
        self.open(desk, cap: 3_500_000_000_000)
        self.hold(desk, 2_000_000_000_000)
        try await desk.running {
            let id = try await desk.submit([BatchDesk.dearBody])
            while try await desk.service.waitsFor(desk.batch(id)) == nil { await Task.yield() }
            #expect(desk.service.waitsFor(try await desk.batch(id)) == .projectSpendLimit)
            #expect(desk.engine.requests.isEmpty)
            desk.holds.settle("req_other", project: BatchDesk.project, actual: .zero)
            #expect(await desk.exit() == .ended)
            #expect(try await desk.batch(id).completedLines == 1)
        }
    }

    @Test("a line that waits for running work is passed over when that work has cost too much")
    func spentMeanwhile() async throws {
        let desk = try await BatchDesk()
        self.open(desk, cap: 4_000_000_000_000)
        self.hold(desk, 2_000_000_000_000)
        try await desk.running {
            let id = try await desk.submit([BatchDesk.dearBody, BatchDesk.body])
            desk.holds.settle(
                "req_other", project: BatchDesk.project, actual: Money(picodollars: 2_000_000_000_000))
            await desk.log.waitFor(Self.waits)
            #expect(try await desk.batch(id).completedLines == 1)
            desk.holds.open(BatchDesk.project, cap: nil, spent: .zero)
            #expect(await desk.exit() == .ended)
        }
        #expect(desk.store.allCharges.map(\.line) == [1, 0])
    }

    @Test("a project that is stopped, with nothing left, fails no line")
    func stopped() async throws {
        let desk = try await BatchDesk()
        self.open(desk, cap: 0)
        try await desk.running {
            let id = try await desk.submit(lines: 3)
            await desk.log.waitFor(Self.waits)
            let batch = try await desk.batch(id)
            #expect(batch.failedLines == 0 && desk.service.waitsFor(batch) == .projectSpendLimit)
            self.open(desk, cap: 1_000_000_000_000)
            #expect(await desk.exit() == .ended)
            #expect(try await desk.batch(id).completedLines == 3)
        }
    }

    @Test("a batch that waits for money can be cancelled") func cancelled() async throws {
        let desk = try await BatchDesk(kind: .openai)
        self.open(desk, cap: 0)
        try await desk.running {
            let id = try await desk.submit(lines: 2)
            await desk.log.waitFor(Self.waits)
            _ = try await desk.service.cancel(id, project: BatchDesk.project)
            #expect(await desk.exit() == .ended)
            #expect(try await desk.batch(id).status == "cancelled")
        }
    }
}
