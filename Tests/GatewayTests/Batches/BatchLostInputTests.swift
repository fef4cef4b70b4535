import Gateway
import GatewayTesting
import OpenAIWire
import Quantities
import Testing

@Suite("A batch whose input is lost", .timeLimit(.minutes(1))) struct BatchLostInputTests {
    /// A batch as an earlier process left it: two lines of three have no result.
    private func resumable(_ desk: BatchDesk, expires: Duration) async throws -> BatchID {
        let created = desk.clock.now.advanced(by: .seconds(-100))
        var batch = BatchRecord(
            id: "batch_left", project: BatchDesk.project, key: nil, endpoint: "/v1/chat/completions",
            inputFile: "file-gone", window: "24h", tier: .batch, status: "in_progress", metadata: nil,
            outputExpiresAfter: nil, createdAt: created, expiresAt: desk.clock.now.advanced(by: expires))
        batch.inProgressAt = created
        batch.model = "m"
        batch.totalLines = 3
        try await desk.store.insert(batch)
        let line = LineCommit(
            batch: batch.id, line: 1, epoch: 1, succeeded: true, output: Array(#"{"custom_id":"b"}"#.utf8), attempts: 1,
            charge: nil)
        #expect(try await desk.store.commit(.line(line)) == .committed)
        return batch.id
    }

    private func erase(_ blobs: InMemoryBlobs) throws {
        for key in try blobs.keys() { try blobs.delete(key) }
    }

    @Test("fails validation when its file was deleted, or its bytes are gone") func validation() async throws {
        let desk = try await BatchDesk()
        let deleted = try await desk.submit(lines: 1)
        let input = try await desk.batch(deleted).inputFile
        let order = BatchService.Order(inputFile: input, endpoint: "/v1/chat/completions")
        try await desk.files.delete(input, project: BatchDesk.project)
        let late = try await desk.service.create(order, project: BatchDesk.project, key: nil).id
        try self.erase(desk.blobs)
        try await desk.running {
            #expect(await desk.exit() == .ended)
            #expect(await desk.exit() == .ended)
            for id in [deleted, late] {
                let batch = try await desk.batch(id)
                #expect(batch.status == "failed" && batch.errors.map(\.param) == ["file_id"])
            }
        }
        #expect(desk.engine.requests.isEmpty)
    }

    @Test("fails the lines that have not run, and keeps what ran") func running() async throws {
        let desk = try await BatchDesk([.hanging(then: .answer(CompletionDesk.answer))])
        try await desk.running {
            let id = try await desk.submit(lines: 3)
            await desk.engine.waitForRequests(1)
            try self.erase(desk.blobs)
            desk.engine.calls[0].resume()
            #expect(await desk.exit() == .ended)
            let batch = try await desk.batch(id)
            #expect((batch.status, batch.completedLines, batch.failedLines) == ("completed", 1, 2))
            #expect(try await desk.rows(batch.errorFile).map { $0["response"]?["status_code"]?.integer } == [404, 404])
            #expect(try await desk.rows(batch.outputFile).count == 1)
        }
        #expect(desk.engine.requests.count == 1 && desk.store.allCharges.count == 1)
    }

    @Test("does so after a restart too") func restart() async throws {
        let desk = try await BatchDesk()
        let id = try await self.resumable(desk, expires: .seconds(100))
        try await desk.running {
            #expect(await desk.exit() == .ended)
            let batch = try await desk.batch(id)
            #expect((batch.status, batch.completedLines, batch.failedLines) == ("completed", 1, 2))
        }
        #expect(desk.engine.requests.isEmpty)
    }

    @Test("expires when its window has passed, with a row for each line that did not run") func window() async throws {
        let desk = try await BatchDesk()
        let id = try await self.resumable(desk, expires: .seconds(-10))
        try await desk.running {
            #expect(await desk.exit() == .ended)
            let batch = try await desk.batch(id)
            #expect(batch.status == "expired")
            let rows = try await desk.rows(batch.errorFile)
            #expect(rows.map { $0["error"]?["code"]?.string } == ["batch_expired", "batch_expired"])
            #expect(rows.map { $0["custom_id"]?.string } == ["", ""])
            #expect(try await desk.rows(batch.outputFile).map { $0["custom_id"]?.string } == ["b"])
        }
    }

    @Test("can be cancelled while it waits to be taken up again after a store failure") func cancel() async throws {
        let desk = try await BatchDesk()
        desk.store.updateFailure = .unavailable("disk full")
        try await desk.running {
            let id = try await desk.submit(lines: 3)
            await desk.store.waitForRefusedUpdates()
            // The pause before the next try, in which nothing moves the clock.
            await desk.clock.waitForSleepers()
            desk.store.updateFailure = nil
            #expect(try await desk.service.cancel(id, project: BatchDesk.project).status == "cancelled")
            #expect(try await desk.batch(id).status == "cancelled")
            // The pause ends, and finds nothing to take up.
            desk.clock.advance(by: .seconds(5))
        }
        #expect(desk.engine.requests.isEmpty)
    }
}
