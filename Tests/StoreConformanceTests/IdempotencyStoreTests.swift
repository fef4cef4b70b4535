import Gateway
import Quantities
import Testing

@Suite("Every store remembers idempotency keys") struct IdempotencyStoreTests {
    private func record(_ key: String = "k", project: ProjectID = "proj_a", second: Int64 = 0) -> IdempotencyRecord {
        IdempotencyRecord(
            project: project, route: "/v1/batches", key: key, fingerprint: [1, 2, 3], createdAt: Samples.at(second))
    }

    private func finished(_ key: String = "k", second: Int64 = 0) -> IdempotencyRecord {
        var record = self.record(key, second: second)
        record.status = 200
        record.body = Array("{}".utf8)
        return record
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
            try await store.abandon(self.record(second: 100))
            #expect(try await store.begin(self.record(second: 101), notBefore: Samples.at(1)) == nil)
            var finished = self.record(second: 101)
            finished.status = 200
            try await store.finish(finished)
            try await store.abandon(finished)
            #expect(try await store.begin(self.record(second: 102), notBefore: Samples.at(1)) == finished)
            try await store.deleteIdempotency(before: Samples.at(101))
            #expect(try await store.begin(self.record(second: 102), notBefore: Samples.at(1)) == finished)
            try await store.deleteIdempotency(before: Samples.at(102))
            await #expect(throws: StoreFailure.notFound) { try await store.finish(finished) }
        }
    }

    @Test("a batch, file or upload and its key's answer are stored together", arguments: StoreKind.allCases)
    func together(_ kind: StoreKind) async throws {
        try await kind.withStore { (store) async throws in
            try await store.insert(Samples.project())
            for key in ["batch", "file", "upload"] {
                _ = try await store.begin(self.record(key), notBefore: Samples.at(-60))
            }
            try await store.insert(Samples.batch(), answer: self.finished("batch"))
            try await store.insert(Samples.file("file-a"), answer: self.finished("file"))
            try await store.insert(Samples.upload("upload_1"), answer: self.finished("upload"))
            await #expect(throws: StoreFailure.notFound, "its key is not held any more") {
                try await store.insert(Samples.upload("upload_2"), answer: self.finished("upload"))
            }
            #expect(try await store.upload("upload_2", project: "proj_a") == nil)
            #expect(try await store.upload("upload_1", project: "proj_a") == Samples.upload("upload_1"))
            #expect(try await store.batch("batch_a", project: "proj_a") == Samples.batch())
            #expect(try await store.file("file-a", project: "proj_a") == Samples.file("file-a"))
            for key in ["batch", "file", "upload"] {
                let repeated = try await store.begin(self.record(key, second: 1), notBefore: Samples.at(-60))
                #expect(repeated == self.finished(key))
            }
        }
    }

    @Test("neither is stored when the other cannot be", arguments: StoreKind.allCases)
    func neither(_ kind: StoreKind) async throws {
        try await kind.withStore { (store) async throws in
            try await store.insert(Samples.project())
            try await store.insert(Samples.batch())
            try await store.insert(Samples.file("file-a"))
            _ = try await store.begin(self.record(), notBefore: Samples.at(-60))
            await expectConflict { try await store.insert(Samples.batch(), answer: self.finished()) }
            await expectConflict { try await store.insert(Samples.file("file-a"), answer: self.finished()) }
            let pending = try await store.begin(self.record(second: 1), notBefore: Samples.at(-60))
            #expect(pending == self.record(), "the key still waits for its answer")

            for lost in [self.finished("never begun"), self.finished(second: 1)] {
                await #expect(throws: StoreFailure.notFound) {
                    try await store.insert(Samples.batch("batch_b"), answer: lost)
                }
                await #expect(throws: StoreFailure.notFound) {
                    try await store.insert(Samples.file("file-b"), answer: lost)
                }
            }
            #expect(try await store.batch("batch_b", project: "proj_a") == nil)
            #expect(try await store.file("file-b", project: "proj_a") == nil)
        }
    }

    @Test("a request that lost its key to a later one can neither answer nor free it", arguments: StoreKind.allCases)
    func displaced(_ kind: StoreKind) async throws {
        try await kind.withStore { (store) async throws in
            try await store.insert(Samples.project())
            _ = try await store.begin(self.record(), notBefore: Samples.at(-60))
            _ = try await store.begin(self.record(second: 100), notBefore: Samples.at(1))
            try await store.abandon(self.record())
            await #expect(throws: StoreFailure.notFound) { try await store.finish(self.finished()) }
            await #expect(throws: StoreFailure.notFound) {
                try await store.insert(Samples.batch(), answer: self.finished())
            }
            try await store.insert(Samples.batch(), answer: self.finished(second: 100))
            await #expect(throws: StoreFailure.notFound, "one answer only") {
                try await store.finish(self.finished(second: 100))
            }
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
