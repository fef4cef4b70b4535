import Gateway
import Quantities
import Testing

@Suite("Every store keeps batches") struct BatchStoreTests {
    private func withProjects(_ kind: StoreKind, _ body: (any Store) async throws -> Void) async throws {
        try await kind.withStore { (store) async throws in
            try await store.insert(Samples.project("proj_a"))
            try await store.insert(Samples.project("proj_b"))
            try await body(store)
        }
    }

    @Test("a batch comes back as it was stored, the order of its metadata too", arguments: StoreKind.allCases)
    func roundTrip(_ kind: StoreKind) async throws {
        try await self.withProjects(kind) { (store) async throws in
            try await store.insert(Samples.file("file-in", content: .blob(BlobKey("b"), index: BlobKey("i"))))
            var batch = Samples.batch()
            batch.input = BlobKey("b")
            batch.index = BlobKey("i")
            batch.model = "small"
            batch.errors = [
                BatchErrorRecord(code: "invalid_json", message: "Zeile \"7\"\n", param: nil, line: 7),
                BatchErrorRecord(code: "x", message: "", param: "model", line: nil),
            ]
            batch.maxCost = Money(dollars: 50_000_000)
            try await store.insert(batch)
            #expect(try await store.batch("batch_a", project: "proj_a") == batch)
            #expect(try await store.batch("batch_a", project: "proj_b") == nil)
            await expectConflict { try await store.insert(batch) }

            var bare = Samples.batch("batch_bare")
            bare.metadata = nil
            #expect(try await store.insert(bare).input == BlobKey("b"))
            #expect(try await store.batch("batch_bare", project: "proj_a")?.metadata == nil)
        }
    }

    @Test("a batch has the blobs that its input file has when it is stored", arguments: StoreKind.allCases)
    func input(_ kind: StoreKind) async throws {
        try await self.withProjects(kind) { (store) async throws in
            func stored(_ id: BatchID, _ file: FileID, second: Int64 = 0) async throws -> [BlobKey?] {
                var batch = Samples.batch(id, second: second)
                batch.inputFile = file
                // What was read before the transaction no longer counts.
                (batch.input, batch.index) = (BlobKey("stale"), BlobKey("stale"))
                let made = try await store.insert(batch)
                #expect(try await store.batch(id, project: "proj_a") == made)
                return [made.input, made.index]
            }
            let none: [BlobKey?] = [nil, nil]
            try await store.insert(Samples.file("file-1", expires: 10))
            #expect(try await stored("batch_1", "file-1", second: 9) == [BlobKey("blob-1"), BlobKey("index-1")])
            #expect(try await stored("batch_late", "file-1", second: 10) == none)
            #expect(try await store.delete("file-1", project: "proj_a") == [], "the batch needs them")
            #expect(try await stored("batch_2", "file-1") == none, "the file is deleted")
            try await store.insert(Samples.file("file-2", project: "proj_b"))
            #expect(try await stored("batch_3", "file-2") == none, "another project's")
            try await store.insert(Samples.file("file-3", purpose: "user_data"))
            #expect(try await stored("batch_4", "file-3") == none, "another purpose")
        }
    }

    @Test("batches are listed newest first, page by page, own ones only", arguments: StoreKind.allCases)
    func paging(_ kind: StoreKind) async throws {
        try await self.withProjects(kind) { (store) async throws in
            for number in 0..<5 {
                try await store.insert(Samples.batch(BatchID("batch_\(number)"), second: Int64(number)))
            }
            try await store.insert(Samples.batch("batch_foreign", project: "proj_b"))
            let first = try await store.batches(project: "proj_a", page: PageRequest(limit: 3))
            #expect(first.items.map(\.id) == ["batch_4", "batch_3", "batch_2"] && first.hasMore)
            let rest = try await store.batches(project: "proj_a", page: PageRequest(after: "batch_2", limit: 3))
            #expect(rest.items.map(\.id) == ["batch_1", "batch_0"] && !rest.hasMore)
            let foreign = PageRequest(after: "batch_foreign", limit: 3)
            #expect(try await store.batches(project: "proj_a", page: foreign).items.isEmpty)
        }
    }

    @Test("a start takes up what is not finished, oldest first, of all projects", arguments: StoreKind.allCases)
    func unfinished(_ kind: StoreKind) async throws {
        try await self.withProjects(kind) { (store) async throws in
            let states = [
                "validating", "failed", "in_progress", "finalizing", "completed", "expired", "cancelling", "cancelled",
            ]
            for (number, status) in states.enumerated() {
                try await store.insert(
                    Samples.batch(
                        BatchID("batch_\(status)"), project: number.isMultiple(of: 2) ? "proj_a" : "proj_b",
                        status: status, second: Int64(10 - number)))
            }
            #expect(
                try await store.unfinishedBatches().map(\.status)
                    == ["cancelling", "finalizing", "in_progress", "validating"])
        }
    }

    @Test("an update needs one of the expected states and stores its files with it", arguments: StoreKind.allCases)
    func update(_ kind: StoreKind) async throws {
        try await self.withProjects(kind) { (store) async throws in
            var batch = Samples.batch()
            try await store.insert(batch)
            batch.status = "completed"
            batch.completedAt = Samples.at(60)
            batch.outputFile = "file-out"
            batch.completedLines = 77
            let output = Samples.file("file-out", purpose: "batch_output", content: .batchOutput("batch_a"))

            await #expect(throws: StoreFailure.notFound) {
                _ = try await store.update(batch, expecting: ["finalizing", "cancelling"], files: [output])
            }
            #expect(try await store.file("file-out", project: "proj_a") == nil)

            let stored = try await store.update(batch, expecting: ["finalizing", "in_progress"], files: [output]).batch
            batch.completedLines = 0
            #expect(stored == batch, "everything but the counts, which belong to the commit log")
            #expect(try await store.batch("batch_a", project: "proj_a") == batch)
            #expect(try await store.file("file-out", project: "proj_a") == output)
            await #expect(throws: StoreFailure.notFound) {
                _ = try await store.update(Samples.batch("batch_x"), expecting: ["in_progress"], files: [])
            }
        }
    }

    @Test("an update whose file exists already changes nothing", arguments: StoreKind.allCases)
    func updateIsOneTransaction(_ kind: StoreKind) async throws {
        try await self.withProjects(kind) { (store) async throws in
            var batch = Samples.batch()
            try await store.insert(batch)
            try await store.insert(Samples.file("file-out"))
            batch.status = "completed"
            await expectConflict {
                _ = try await store.update(batch, expecting: ["in_progress"], files: [Samples.file("file-out")])
            }
            #expect(try await store.batch("batch_a", project: "proj_a")?.status == "in_progress")
        }
    }

    @Test(
        "rows are read in input order, successes and failures apart; their bytes go with their file",
        arguments: StoreKind.allCases)
    func lines(_ kind: StoreKind) async throws {
        try await self.withProjects(kind) { (store) async throws in
            let epoch = try await store.beginServing()
            try await store.insert(Samples.batch())
            try await store.insert(Samples.batch("batch_b"))
            for number: Int32 in [4, 0, 2, 1, 3] {
                let line = Samples.line(number, epoch: epoch, succeeded: number != 2, output: "<\(number)>")
                #expect(try await store.commit(.line(line)) == .committed)
            }
            #expect(try await store.commit(.line(Samples.line(0, of: "batch_b", epoch: epoch))) == .committed)

            #expect(try await store.finishedLines(of: "batch_a") == [0, 1, 2, 3, 4])
            let page = try await store.lines(of: "batch_a", succeeded: true, after: 0, limit: 2, bytes: 99)
            #expect(page == [LineRow(line: 1, output: Array("<1>".utf8)), LineRow(line: 3, output: Array("<3>".utf8))])
            let first = try await store.lines(of: "batch_a", succeeded: true, after: -1, limit: 1, bytes: 99)
            #expect(first.map(\.line) == [0])
            let failed = try await store.lines(of: "batch_a", succeeded: false, after: -1, limit: 9, bytes: 99)
            #expect(failed.map(\.line) == [2])
            for (bytes, count) in [(1, 1), (3, 1), (4, 2), (12, 4)] {
                let rows = try await store.lines(of: "batch_a", succeeded: true, after: -1, limit: 9, bytes: bytes)
                #expect(rows.map(\.line) == Array([0, 1, 3, 4].prefix(count)), "a page of \(bytes) bytes")
            }
            #expect(try await store.lineBytes(of: "batch_a", succeeded: true) == (bytes: 16, count: 4))
            #expect(try await store.lineBytes(of: "batch_x", succeeded: true) == (bytes: 0, count: 0))

            try await store.insert(Samples.file("file-output", content: .batchOutput("batch_a")))
            try await store.insert(Samples.file("file-errors", content: .batchErrors("batch_a")))
            #expect(try await store.delete("file-output", project: "proj_b") == nil)
            #expect(try await store.lineBytes(of: "batch_a", succeeded: true).bytes == 16, "another project's file")
            #expect(try await store.delete("file-output", project: "proj_a") == [])
            #expect(try await store.lineBytes(of: "batch_a", succeeded: false) == (bytes: 4, count: 1))
            #expect(try await store.finishedLines(of: "batch_a") == [0, 1, 2, 3, 4], "the lines stay done")
            let emptied = try await store.lines(of: "batch_a", succeeded: true, after: -1, limit: 1, bytes: 99)
            #expect(emptied.first?.output == [])
            #expect(try await store.delete("file-errors", project: "proj_a") != nil)
            #expect(try await store.lineBytes(of: "batch_a", succeeded: false) == (bytes: 1, count: 1))
            #expect(try await store.finishedLines(of: "batch_b") == [0])
            let filter = ChargeFilter(batch: "batch_a")
            #expect(try await store.charges(filter, after: 0, limit: 9).count == 5, "charges stay")
            #expect(try await store.batch("batch_a", project: "proj_a")?.completedLines == 4, "counts stay")
        }
    }
}
