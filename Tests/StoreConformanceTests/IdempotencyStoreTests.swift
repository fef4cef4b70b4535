import Gateway
import Quantities
import Testing

@Suite("Every store remembers idempotency keys") struct IdempotencyStoreTests {
    private func record(_ key: String = "k", project: ProjectID = "proj_a", second: Int64 = 0) -> IdempotencyRecord {
        IdempotencyRecord(
            project: project, route: "/v1/batches", key: key, fingerprint: [1, 2, 3], createdAt: Samples.at(second))
    }

    @Test("the first begins, the second gets what is there, also after the answer", arguments: StoreKind.allCases)
    func begin(_ kind: StoreKind) async throws {
        try await kind.withStore { (store) async throws in
            #expect(try await store.begin(self.record(), notBefore: Samples.at(-60)) == nil)
            #expect(try await store.begin(self.record(second: 1), notBefore: Samples.at(-60)) == self.record())
            var finished = self.record()
            finished.status = 200
            finished.body = Array("{}".utf8)
            try await store.finish(finished)
            #expect(try await store.begin(self.record(second: 2), notBefore: Samples.at(-60)) == finished)
            #expect(try await store.begin(self.record(project: "proj_b"), notBefore: Samples.at(-60)) == nil)
        }
    }

    @Test("an old record makes room; an abandoned one too, a finished one not", arguments: StoreKind.allCases)
    func room(_ kind: StoreKind) async throws {
        try await kind.withStore { (store) async throws in
            _ = try await store.begin(self.record(), notBefore: Samples.at(-60))
            #expect(try await store.begin(self.record(second: 100), notBefore: Samples.at(1)) == nil)
            try await store.abandon(project: "proj_a", route: "/v1/batches", key: "k")
            #expect(try await store.begin(self.record(second: 101), notBefore: Samples.at(1)) == nil)
            var finished = self.record(second: 101)
            finished.status = 200
            try await store.finish(finished)
            try await store.abandon(project: "proj_a", route: "/v1/batches", key: "k")
            #expect(try await store.begin(self.record(second: 102), notBefore: Samples.at(1)) == finished)
            try await store.deleteIdempotency(before: Samples.at(101))
            #expect(try await store.begin(self.record(second: 102), notBefore: Samples.at(1)) == finished)
            try await store.deleteIdempotency(before: Samples.at(102))
            await #expect(throws: StoreFailure.notFound) { try await store.finish(finished) }
        }
    }

    @Test("of many who begin at once, exactly one does", arguments: StoreKind.allCases)
    func race(_ kind: StoreKind) async throws {
        try await kind.withStore { (store) async throws in
            let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
                for second: Int64 in 0..<40 {
                    group.addTask {
                        try await store.begin(self.record(second: second), notBefore: Samples.at(-60)) == nil
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(winners == 1)
        }
    }

    @Test("a restart forgets keys whose request died with the process", arguments: StoreKind.allCases)
    func restart(_ kind: StoreKind) async throws {
        try await TemporaryFolder.with { folder in
            var store = try kind.open(folder)
            _ = try await store.beginServing()
            _ = try await store.begin(self.record("dead"), notBefore: Samples.at(-60))
            _ = try await store.begin(self.record("done"), notBefore: Samples.at(-60))
            var finished = self.record("done")
            finished.status = 200
            try await store.finish(finished)
            store = try await kind.reopen(store, folder)
            _ = try await store.beginServing()
            #expect(try await store.begin(self.record("dead", second: 1), notBefore: Samples.at(-60)) == nil)
            #expect(try await store.begin(self.record("done", second: 1), notBefore: Samples.at(-60)) == finished)
            await store.close()
        }
    }
}
