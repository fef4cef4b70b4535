import Gateway
import GatewayTesting
import Ledger
import OpenAIWire
import Quantities
import Routing
import Testing

@Suite("A batch whose store fails") struct BatchStoreFailureTests {
    private static let down = StoreFailure.unavailable("disk full")

    private static let cap = Money(dollars: 1)

    /// A project with a cap, whose first line is answered and whose second hangs; no commit ends before it may.
    private func deskWithLineInFlight() async throws -> BatchDesk {
        let desk = try await BatchDesk([.answer(CompletionDesk.answer), EngineScript([.hang])])
        desk.holds.open(BatchDesk.project, cap: Self.cap, spent: .zero)
        desk.store.holdCommits()
        return desk
    }

    /// Submits a batch whose store fails at the end of its window, with one commit under way and one line in flight.
    private func submitUntilStoreFails(_ desk: BatchDesk, lines: Int) async throws -> BatchID {
        let id = try await desk.submit(lines: lines)
        // The second line is sent after the first one's result went to the commit log.
        await desk.engine.waitForRequests(2)
        desk.store.updateFailure = Self.down
        desk.clock.advance(by: .seconds(86_400))
        desk.timers.fire()
        await desk.store.waitForRefusedUpdates()
        desk.store.updateFailure = nil
        return id
    }

    /// All of the project's money is free again but for what was charged.
    private func expectSettled(_ desk: BatchDesk) throws {
        let spent = desk.store.allCharges.reduce(0) { $0 + ($1.amount?.picodollars ?? 0) }
        #expect(desk.holds.spent(BatchDesk.project) == Money(picodollars: spent))
        let rest = Money(picodollars: Self.cap.picodollars - spent)
        #expect(
            desk.holds.place("req_rest", project: BatchDesk.project, amount: rest) == .held,
            "nothing is held any more")
        #expect(desk.holds.place("req_more", project: BatchDesk.project, amount: Money(picodollars: 1)) != .held)
    }

    @Test("settles the holds of lines in flight and of lines whose commit is under way, once")
    func holds() async throws {
        let desk = try await self.deskWithLineInFlight()
        try await desk.running {
            let id = try await self.submitUntilStoreFails(desk, lines: 3)
            desk.store.releaseCommits()
            await desk.clock.waitForSleepers()
            #expect(desk.engine.calls[1].isCancelled && desk.directory.inFlight("e1") == 0)
            #expect(desk.holds.spent(BatchDesk.project) == BatchDesk.charge)
            desk.clock.advance(by: .seconds(5))
            #expect(await desk.exit() == .ended)
            let batch = try await desk.batch(id)
            #expect(batch.status == "expired" && batch.completedLines == 1)
            #expect(try await desk.rows(batch.errorFile).map { $0["custom_id"]?.string } == ["1", "2"])
        }
        #expect(desk.store.allCharges.map(\.line) == [0])
        try self.expectSettled(desk)
    }

    @Test("buys no line twice, and no more lines than ran when the disk became full")
    func fullDisk() async throws {
        let desk = try await BatchDesk(places: 4, keepsCommits: true)
        desk.store.commitFailure = Self.down
        try await desk.running {
            let id = try await desk.submit(lines: 40)
            await desk.engine.waitForRequests(1)
            while desk.service.waitsFor(try await desk.batch(id)) != .store { await Task.yield() }
            for _ in 0..<50 {
                await desk.timers.waitForTimers()
                desk.clock.advance(by: .seconds(1))
                desk.timers.fire()
                desk.scheduler.tick()
            }
            #expect(desk.engine.requests.count <= 4 && desk.store.allCharges.isEmpty)
            // Nor may what it has bought be lost by a cancel, or by the end of its window.
            await #expect(throws: GatewayError.self) {
                try await desk.service.cancel(id, project: BatchDesk.project)
            }
            desk.store.commitFailure = nil
            while try await desk.batch(id).status != "completed" {
                // So little that its window does not end before its task has had a turn.
                desk.clock.advance(by: .milliseconds(20))
                desk.timers.fire()
                desk.scheduler.tick()
                await Task.yield()
            }
            #expect(try await desk.batch(id).completedLines == 40)
        }
        #expect(desk.engine.requests.count == 40 && desk.store.allCharges.count == 40)
    }

    @Test("settles a commit under way that fails with nothing")
    func failedCommit() async throws {
        let desk = try await self.deskWithLineInFlight()
        try await desk.running {
            let id = try await self.submitUntilStoreFails(desk, lines: 2)
            desk.store.commitFailure = Self.down
            desk.store.releaseCommits()
            await desk.clock.waitForSleepers()
            desk.store.commitFailure = nil
            desk.clock.advance(by: .seconds(5))
            #expect(await desk.exit() == .ended)
            #expect(try await desk.batch(id).completedLines == 0)
        }
        #expect(desk.store.allCharges.isEmpty)
        try self.expectSettled(desk)
    }

    @Test("does not count against its cost limit what could not be recorded") func limit() async throws {
        let desk = try await BatchDesk()
        desk.store.commitFailure = Self.down
        // Room for two lines; both run before the pause, and again after it.
        let limit = Money(picodollars: try desk.bound.picodollars + 25_000_000)
        try await desk.running {
            let id = try await desk.submit(lines: 2, maxCost: limit)
            // One for the window, one for the pause after the failed commit.
            await desk.timers.waitForTimers(2)
            desk.store.commitFailure = nil
            desk.clock.advance(by: .seconds(1))
            desk.timers.fire()
            #expect(await desk.exit() == .ended)
            let batch = try await desk.batch(id)
            #expect(batch.status == "completed" && batch.completedLines == 2)
        }
        #expect(desk.engine.requests.count == 4 && desk.store.allCharges.count == 2)
    }
}
