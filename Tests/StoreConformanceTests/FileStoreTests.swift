import Gateway
import Quantities
import Testing

@Suite("Every store keeps files") struct FileStoreTests {
    private func withProjects(_ kind: StoreKind, _ body: (any Store) async throws -> Void) async throws {
        try await kind.withStore { (store) async throws in
            try await store.insert(Samples.project("proj_a"))
            try await store.insert(Samples.project("proj_b"))
            try await body(store)
        }
    }

    @Test("a file of each kind comes back as it was stored", arguments: StoreKind.allCases)
    func roundTrip(_ kind: StoreKind) async throws {
        try await self.withProjects(kind) { (store) async throws in
            let contents: [FileRecord.Content] = [
                .blob(BlobKey("b"), index: nil), .blob(BlobKey("b"), index: BlobKey("i")), .batchOutput("batch_1"),
                .batchErrors("batch_1"),
            ]
            for (number, content) in contents.enumerated() {
                let file = Samples.file(FileID("file-\(number)"), expires: 50, content: content)
                try await store.insert(file)
                #expect(try await store.file(file.id, project: "proj_a") == file)
            }
            await expectConflict { try await store.insert(Samples.file("file-0")) }
            await #expect(throws: StoreFailure.notFound) {
                try await store.insert(Samples.file("file-9", project: "proj_x"))
            }
        }
    }

    @Test("another project's file is not there: not read, not listed, not deleted", arguments: StoreKind.allCases)
    func isolation(_ kind: StoreKind) async throws {
        try await self.withProjects(kind) { (store) async throws in
            try await store.insert(Samples.file("file-a"))
            try await store.insert(Samples.file("file-b", project: "proj_b"))
            let page = PageRequest(limit: 10)
            #expect(try await store.file("file-a", project: "proj_b") == nil)
            #expect(try await store.files(project: "proj_b", purpose: nil, page: page).items.map(\.id) == ["file-b"])
            #expect(try await store.delete("file-a", project: "proj_b") == nil)
            #expect(try await store.file("file-a", project: "proj_a") != nil)
            let after = PageRequest(after: "file-a", limit: 10)
            #expect(try await store.files(project: "proj_b", purpose: nil, page: after).items.isEmpty)
        }
    }

    @Test("pages walk all files once, both ways, by creation and then id", arguments: StoreKind.allCases)
    func paging(_ kind: StoreKind) async throws {
        try await self.withProjects(kind) { (store) async throws in
            // Pairs share their creation time.
            for number in [3, 0, 4, 1, 2, 5] {
                try await store.insert(Samples.file(FileID("file-\(number)"), second: Int64(number / 2)))
            }
            try await store.insert(Samples.file("file-other", purpose: "assistants", second: 1))
            let ids = (0..<6).map { FileID("file-\($0)") }
            for (ascending, expected) in [(true, ids), (false, ids.reversed())] {
                var seen: [FileID] = []
                var page = PageRequest(limit: 4, ascending: ascending)
                let first = try await store.files(project: "proj_a", purpose: "batch", page: page)
                #expect(first.hasMore && first.items.count == 4)
                seen += first.items.map(\.id)
                page.after = first.items.last?.id.text
                let second = try await store.files(project: "proj_a", purpose: "batch", page: page)
                #expect(!second.hasMore)
                seen += second.items.map(\.id)
                #expect(seen == expected)
            }
            let exact = try await store.files(project: "proj_a", purpose: nil, page: PageRequest(limit: 7))
            #expect(exact.items.count == 7 && !exact.hasMore)
            let unknown = PageRequest(after: "file-x", limit: 10)
            let nothing = try await store.files(project: "proj_a", purpose: nil, page: unknown)
            #expect(nothing.items.isEmpty && !nothing.hasMore)
        }
    }

    @Test("deleting gives back only blobs that nothing else needs", arguments: StoreKind.allCases)
    func deleteKeepsBlobs(_ kind: StoreKind) async throws {
        try await self.withProjects(kind) { (store) async throws in
            try await store.insert(Samples.file("file-1"))
            try await store.insert(Samples.file("file-2"))
            #expect(try await store.delete("file-1", project: "proj_a") == [])
            #expect(
                try await store.delete("file-2", project: "proj_a") == [BlobKey("blob-1"), BlobKey("index-1")])
            #expect(try await store.delete("file-2", project: "proj_a") == nil)

            var batch = Samples.batch()
            batch.inputFile = "file-3"
            try await store.insert(Samples.file("file-3"))
            batch = try await store.insert(batch)
            #expect(try await store.delete("file-3", project: "proj_a") == [])
            #expect(try await store.referencedBlobs() == [BlobKey("blob-1"), BlobKey("index-1")])

            var other = Samples.batch("batch_b")
            other.inputFile = "file-1"
            try await store.insert(Samples.file("file-1"))
            other = try await store.insert(other)
            #expect(try await store.delete("file-1", project: "proj_a") == [])

            #expect(try await store.update(batch, expecting: ["in_progress"], files: []).unreferenced == [])
            batch.status = "completed"
            #expect(
                try await store.update(batch, expecting: ["in_progress"], files: []).unreferenced == [],
                "the other batch needs them")
            other.status = "expired"
            let errors = Samples.file("file-errors", content: .batchErrors("batch_b"))
            #expect(try await store.update(other, expecting: ["in_progress"], files: [errors]).unreferenced == [])
            #expect(
                try await store.delete("file-errors", project: "proj_a") == [BlobKey("blob-1"), BlobKey("index-1")])
            var last = Samples.batch("batch_c")
            last.inputFile = "file-1"
            try await store.insert(Samples.file("file-1"))
            last = try await store.insert(last)
            #expect(try await store.delete("file-1", project: "proj_a") == [])
            last.status = "completed"
            #expect(
                try await store.update(last, expecting: ["in_progress"], files: []).unreferenced
                    == [BlobKey("blob-1"), BlobKey("index-1")])
            #expect(try await store.referencedBlobs() == [])
            try await store.insert(Samples.file("file-4", content: .batchOutput("batch_a")))
            #expect(try await store.delete("file-4", project: "proj_a") == [])
        }
    }

    @Test("files past their expiry are listed oldest first", arguments: StoreKind.allCases)
    func expiry(_ kind: StoreKind) async throws {
        try await self.withProjects(kind) { (store) async throws in
            try await store.insert(Samples.file("file-late", expires: 30))
            try await store.insert(Samples.file("file-early", project: "proj_b", expires: 10))
            try await store.insert(Samples.file("file-middle", expires: 20))
            try await store.insert(Samples.file("file-never"))
            #expect(try await store.expiredFiles(now: Samples.at(9), limit: 10).isEmpty)
            #expect(
                try await store.expiredFiles(now: Samples.at(20), limit: 10).map(\.id) == ["file-early", "file-middle"])
            #expect(try await store.expiredFiles(now: Samples.at(99), limit: 1).map(\.id) == ["file-early"])
        }
    }

    @Test("an upload takes parts in order until it is completed, once", arguments: StoreKind.allCases)
    func upload(_ kind: StoreKind) async throws {
        try await self.withProjects(kind) { (store) async throws in
            let upload = Samples.upload("upload_1")
            try await store.insert(upload)
            #expect(try await store.upload("upload_1", project: "proj_a") == upload)
            #expect(try await store.upload("upload_1", project: "proj_b") == nil)
            for name in ["z", "a", "m"] {
                try await store.insert(
                    UploadPartRecord(
                        id: UploadPartID("part_\(name)"), upload: "upload_1", blob: BlobKey("blob-\(name)"), bytes: 28,
                        createdAt: Samples.start))
            }
            #expect(try await store.parts(of: "upload_1").map(\.id) == ["part_z", "part_a", "part_m"])
            #expect(try await store.referencedBlobs() == [BlobKey("blob-z"), BlobKey("blob-a"), BlobKey("blob-m")])

            let file = Samples.file("file-1", content: .blob(BlobKey("whole"), index: nil))
            let joined = try await store.complete(upload, file: file)
            #expect(joined == [BlobKey("blob-z"), BlobKey("blob-a"), BlobKey("blob-m")])
            let completed = try await store.upload("upload_1", project: "proj_a")
            #expect(completed?.status == "completed" && completed?.file == "file-1")
            #expect(try await store.file("file-1", project: "proj_a") == file)
            #expect(try await store.referencedBlobs() == [BlobKey("whole")])

            await #expect(throws: StoreFailure.notFound) {
                _ = try await store.complete(upload, file: Samples.file("file-2"))
            }
            #expect(try await store.file("file-2", project: "proj_a") == nil)
            await #expect(throws: StoreFailure.notFound) {
                try await store.insert(
                    UploadPartRecord(
                        id: "part_late", upload: "upload_1", blob: BlobKey("late"), bytes: 1, createdAt: Samples.start))
            }
        }
    }

    @Test("a completion whose file cannot be stored leaves the upload pending", arguments: StoreKind.allCases)
    func completionIsOneTransaction(_ kind: StoreKind) async throws {
        try await self.withProjects(kind) { (store) async throws in
            try await store.insert(Samples.file("file-1"))
            try await store.insert(Samples.upload("upload_1"))
            await expectConflict {
                _ = try await store.complete(Samples.upload("upload_1"), file: Samples.file("file-1"))
            }
            #expect(try await store.upload("upload_1", project: "proj_a")?.status == "pending")
        }
    }

    @Test("a closed upload gives back its blobs; expired ones are listed", arguments: StoreKind.allCases)
    func closeUpload(_ kind: StoreKind) async throws {
        try await self.withProjects(kind) { (store) async throws in
            try await store.insert(Samples.upload("upload_1", expires: 20))
            try await store.insert(Samples.upload("upload_2", expires: 10))
            try await store.insert(
                UploadPartRecord(
                    id: "part_1", upload: "upload_1", blob: BlobKey("p"), bytes: 1, createdAt: Samples.start))
            #expect(try await store.expiredUploads(now: Samples.at(5), limit: 9).isEmpty)
            #expect(
                try await store.expiredUploads(now: Samples.at(20), limit: 9).map(\.id) == ["upload_2", "upload_1"])
            #expect(try await store.close("upload_1", status: "expired") == [BlobKey("p")])
            #expect(try await store.upload("upload_1", project: "proj_a")?.status == "expired")
            #expect(try await store.expiredUploads(now: Samples.at(20), limit: 9).map(\.id) == ["upload_2"])
            #expect(try await store.referencedBlobs() == [])
            await #expect(throws: StoreFailure.notFound) { _ = try await store.close("upload_1", status: "cancelled") }
        }
    }
}
