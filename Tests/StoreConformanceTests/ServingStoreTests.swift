import Gateway
import Quantities
import Testing

@Suite("Every store survives a restart") struct ServingStoreTests {
    @Test("each serving has a higher epoch, and one at a time serves", arguments: StoreKind.allCases)
    func epochs(_ kind: StoreKind) async throws {
        try await TemporaryFolder.with { folder in
            var store = try kind.open(folder)
            let first = try await store.beginServing()
            await #expect {
                _ = try await store.beginServing()
            } throws: { error in
                if case .locked = error as? StoreFailure { true } else { false }
            }
            store = try await kind.reopen(store, folder)
            let second = try await store.beginServing()
            #expect(second > first)
            await store.close()
        }
    }

    @Test(
        "what was acknowledged is there after a restart, and leases of before are stale", arguments: StoreKind.allCases)
    func durability(_ kind: StoreKind) async throws {
        try await TemporaryFolder.with { folder in
            var store = try kind.open(folder)
            try await store.insert(Samples.project())
            try await store.insert(Samples.key("key_a", byte: 1))
            try await store.insert(Samples.file("file-in"))
            try await store.insert(Samples.upload("upload_1"))
            let epoch = try await store.beginServing()
            try await store.insert(Samples.batch())
            for line: Int32 in 0..<10 {
                #expect(try await store.commit(.line(Samples.line(line, epoch: epoch))) == .committed)
            }
            #expect(try await store.commit(.charge(Samples.charge("req_1"))) == .committed)
            let batch = try await store.batch("batch_a", project: "proj_a")
            let charges = try await store.charges(ChargeFilter(), after: 0, limit: 99)
            let generation = try await store.accessGeneration()

            store = try await kind.reopen(store, folder)
            #expect(try await store.projects() == [Samples.project()])
            #expect(try await store.keys(of: nil) == [Samples.key("key_a", byte: 1)])
            #expect(try await store.file("file-in", project: "proj_a") == Samples.file("file-in"))
            #expect(try await store.upload("upload_1", project: "proj_a") == Samples.upload("upload_1"))
            #expect(try await store.unfinishedBatches() == [try #require(batch)])
            #expect(try await store.finishedLines(of: "batch_a") == Array(0..<10))
            #expect(try await store.charges(ChargeFilter(), after: 0, limit: 99).map(\.charge) == charges.map(\.charge))
            #expect(try await store.spent(project: "proj_a").picodollars == 11 * 1_500_000_000)
            #expect(try await store.accessGeneration() == generation)

            let next = try await store.beginServing()
            #expect(try await store.commit(.line(Samples.line(10, epoch: epoch))) == .stale)
            #expect(try await store.commit(.line(Samples.line(10, epoch: next))) == .committed)
            #expect(try await store.commit(.line(Samples.line(9, epoch: next))) == .duplicate)
            await store.close()
        }
    }
}
