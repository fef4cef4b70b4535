import Gateway
import Ledger
import Quantities
import Testing

@Suite("Every store commits once") struct CommitLogTests {
    private func withBatch(_ kind: StoreKind, _ body: (any Store, Int64) async throws -> Void) async throws {
        try await kind.withStore { (store) async throws in
            try await store.insert(Samples.project("proj_a"))
            let epoch = try await store.beginServing()
            try await store.insert(Samples.batch())
            try await body(store, epoch)
        }
    }

    @Test(
        "a charge comes back as it was committed, and a second one of the request is a duplicate",
        arguments: StoreKind.allCases)
    func charge(_ kind: StoreKind) async throws {
        try await self.withBatch(kind) { (store, _) async throws in
            let charge = Samples.charge("req_1")
            #expect(try await store.commit(.charge(charge)) == .committed)
            #expect(try await store.commit(.charge(Samples.charge("req_1", amount: 9))) == .duplicate)
            let rows = try await store.charges(ChargeFilter(), after: 0, limit: 9)
            #expect(rows.map(\.charge) == [charge])
            #expect(try await store.spent(project: "proj_a") == charge.amount)
        }
    }

    @Test("a line has one row and one charge, whoever comes second", arguments: StoreKind.allCases)
    func line(_ kind: StoreKind) async throws {
        try await self.withBatch(kind) { (store, epoch) async throws in
            #expect(try await store.commit(.line(Samples.line(0, epoch: epoch, output: "first"))) == .committed)
            let second = Samples.line(0, epoch: epoch, succeeded: false, output: "second", request: "req_other")
            #expect(try await store.commit(.line(second)) == .duplicate)
            #expect(
                try await store.lines(of: "batch_a", succeeded: true, after: -1, limit: 9, bytes: 99).map(\.output)
                    == [Array("first".utf8)])
            #expect(
                try await store.charges(ChargeFilter(), after: 0, limit: 9).map(\.charge.request) == ["req_batch_a_0"])
            let batch = try await store.batch("batch_a", project: "proj_a")
            #expect(batch?.completedLines == 1 && batch?.failedLines == 0)
        }
    }

    @Test("a line whose request is charged already leaves nothing behind", arguments: StoreKind.allCases)
    func chargedElsewhere(_ kind: StoreKind) async throws {
        try await self.withBatch(kind) { (store, epoch) async throws in
            #expect(try await store.commit(.charge(Samples.charge("req_1"))) == .committed)
            #expect(try await store.commit(.line(Samples.line(3, epoch: epoch, request: "req_1"))) == .duplicate)
            #expect(try await store.finishedLines(of: "batch_a") == [])
            #expect(try await store.batch("batch_a", project: "proj_a")?.completedLines == 0)
        }
    }

    @Test("an older or future epoch, an unknown batch and a finished batch are stale", arguments: StoreKind.allCases)
    func stale(_ kind: StoreKind) async throws {
        try await self.withBatch(kind) { (store, epoch) async throws in
            #expect(try await store.commit(.line(Samples.line(0, epoch: epoch - 1))) == .stale)
            #expect(try await store.commit(.line(Samples.line(0, epoch: epoch + 1))) == .stale)
            #expect(try await store.commit(.line(Samples.line(0, of: "batch_x", epoch: epoch))) == .stale)
            for status in ["completed", "failed", "expired", "cancelled"] {
                let id = BatchID("batch_\(status)")
                try await store.insert(Samples.batch(id, status: status))
                #expect(try await store.commit(.line(Samples.line(0, of: id, epoch: epoch))) == .stale, "\(status)")
            }
            for status in ["in_progress", "finalizing", "cancelling"] {
                let id = BatchID("batch_\(status)")
                try await store.insert(Samples.batch(id, status: status))
                #expect(try await store.commit(.line(Samples.line(0, of: id, epoch: epoch))) == .committed, "\(status)")
            }
            #expect(try await store.charges(ChargeFilter(), after: 0, limit: 99).count == 3)
        }
    }

    @Test("counts and usage follow the rows", arguments: StoreKind.allCases)
    func counters(_ kind: StoreKind) async throws {
        try await self.withBatch(kind) { (store, epoch) async throws in
            _ = try await store.commit(.line(Samples.line(0, epoch: epoch)))
            _ = try await store.commit(.line(Samples.line(1, epoch: epoch)))
            _ = try await store.commit(.line(Samples.line(2, epoch: epoch, succeeded: false)))
            _ = try await store.commit(.line(Samples.line(3, epoch: epoch, succeeded: false, isCharged: false)))
            let batch = try await store.batch("batch_a", project: "proj_a")
            #expect(batch?.completedLines == 2 && batch?.failedLines == 2)
            let one = Samples.charge("req").usage
            #expect(batch?.usage == (try one.adding(one)), "successful lines only")
        }
    }

    @Test(
        "many committers at once: counters equal rows, and each line and charge is there once",
        arguments: StoreKind.allCases)
    func concurrency(_ kind: StoreKind) async throws {
        try await self.withBatch(kind) { (store, epoch) async throws in
            let lines: Int32 = 120
            // Each line is committed by three rivals, each request charged by two.
            let results = try await withThrowingTaskGroup(of: CommitResult.self) { group in
                for rival in 0..<3 {
                    for line in 0..<lines {
                        group.addTask {
                            let request = RequestID("req_\(line)_\(rival)")
                            return try await store.commit(
                                .line(
                                    Samples.line(
                                        line, epoch: epoch, succeeded: !line.isMultiple(of: 4), request: request)))
                        }
                        if rival < 2 {
                            group.addTask { try await store.commit(.charge(Samples.charge(RequestID("req_\(line)")))) }
                        }
                    }
                }
                return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
            }
            #expect(results == [.committed: 240, .duplicate: 360])
            #expect(try await store.finishedLines(of: "batch_a") == Array(0..<lines))
            let batch = try #require(try await store.batch("batch_a", project: "proj_a"))
            #expect(batch.completedLines == 90 && batch.failedLines == 30)
            #expect(batch.usage.output == 90 * 20)
            let charges = try await store.charges(ChargeFilter(), after: 0, limit: 999)
            #expect(charges.count == 240 && Set(charges.map(\.charge.request)).count == 240)
            #expect(charges.map(\.row) == charges.map(\.row).sorted())
            #expect(try await store.spent(project: "proj_a").picodollars == 240 * 1_500_000_000)
            #expect(try await store.outputStatistics(model: "small")?.requests == 240)
        }
    }

    @Test("an amount beyond 64 bits fails alone, its neighbours are written", arguments: StoreKind.allCases)
    func oneBadEntry(_ kind: StoreKind) async throws {
        try await self.withBatch(kind) { (store, _) async throws in
            let failures = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        let amount: Int128 = number == 7 ? 1 << 70 : 5
                        let charge = Samples.charge(RequestID("req_\(number)"), amount: amount)
                        return (try? await store.commit(.charge(charge))) == nil
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(failures == 1)
            #expect(try await store.charges(ChargeFilter(), after: 0, limit: 99).count == 19)
            #expect(try await store.spent(project: "proj_a").picodollars == 95)
        }
    }

    @Test("a closed store refuses commits and everything queued before is answered", arguments: StoreKind.allCases)
    func closing(_ kind: StoreKind) async throws {
        try await TemporaryFolder.with { folder in
            let store = try kind.open(folder)
            try await store.insert(Samples.project("proj_a"))
            let committed = try await withThrowingTaskGroup(of: CommitResult.self) { group in
                for number in 0..<50 {
                    group.addTask { try await store.commit(.charge(Samples.charge(RequestID("req_\(number)")))) }
                }
                var count = 0
                for try await _ in group { count += 1 }
                return count
            }
            #expect(committed == 50)
            await store.close()
            await store.close()
            await #expect(throws: StoreFailure.unavailable("the store is closed")) {
                _ = try await store.commit(.charge(Samples.charge("req_late")))
            }
            await #expect(throws: StoreFailure.self) { _ = try await store.projects() }
        }
    }
}
