import Gateway
import GatewayTesting
import OpenAIWire
import Quantities
import Testing

/// No upload of these tests is completed with a checksum.
private struct NoDigest: ByteDigest {
    mutating func update(_ bytes: [UInt8]) {}
    func hex() -> String { "" }
}

@Suite("Retention") struct RetentionTests {
    private let log = CapturedLog()

    private func sweeper(_ desk: BatchDesk) -> RetentionSweeper {
        RetentionSweeper(
            files: desk.files, store: desk.store, blobs: desk.blobs, clock: desk.clock, logger: self.log.logger)
    }

    private func removed() -> [String?] {
        self.log.lines.filter { $0.message == "file expired and removed" }.map { $0.metadata["file.id"] }
    }

    private func file(_ desk: BatchDesk) async throws -> FileID {
        var intake = try desk.files.begin()
        try Array("some text".utf8).withUnsafeBytes { try intake.append($0) }
        var form = FileService.Form()
        form.purpose = "user_data"
        form.expiresAnchor = "created_at"
        form.expiresSeconds = 3_600
        return try await desk.files.finish(&intake, form: form, project: BatchDesk.project).id
    }

    @Test("a file that has expired loses its row and its bytes, and the log says so; none goes before") func files()
        async throws
    {
        let desk = try await BatchDesk()
        let id = try await self.file(desk)
        desk.clock.advance(by: .seconds(3_599))
        try await self.sweeper(desk).sweep()
        #expect(try await desk.store.file(id, project: BatchDesk.project) != nil)
        #expect(try desk.blobs.keys().count == 1 && self.removed().isEmpty)
        desk.clock.advance(by: .seconds(1))
        try await self.sweeper(desk).sweep()
        #expect(try await desk.store.file(id, project: BatchDesk.project) == nil)
        #expect(try desk.blobs.keys().isEmpty)
        #expect(self.removed() == [id.text])
    }

    @Test("a file that is deleted loses its bytes at once") func deleted() async throws {
        let desk = try await BatchDesk()
        let id = try await self.file(desk)
        #expect(try desk.blobs.keys().count == 1)
        try await desk.files.delete(id, project: BatchDesk.project)
        #expect(try desk.blobs.keys().isEmpty)
        #expect(try await desk.store.file(id, project: BatchDesk.project) == nil)
    }

    @Test("results go when output_expires_after says, their text with them; the input goes by its own date")
    func results() async throws {
        let desk = try await BatchDesk()
        try await desk.running {
            let id = try await desk.submit([BatchDesk.body, BatchDesk.body], outputExpiresAfter: 3_600)
            #expect(await desk.exit() == .ended)
            let batch = try await desk.batch(id)
            let output = try #require(batch.outputFile)
            let file = try #require(try await desk.store.file(output, project: BatchDesk.project))
            #expect(file.expiresAt == file.createdAt.advanced(by: .seconds(3_600)))
            desk.clock.advance(by: .seconds(3_600))
            try await self.sweeper(desk).sweep()
            #expect(self.removed() == [output.text])
            #expect(try await desk.store.file(output, project: BatchDesk.project) == nil)
            let left = try await desk.store.lines(of: id, succeeded: true, after: -1, limit: 10, bytes: 1 << 20)
            #expect(left.allSatisfy { $0.output.isEmpty })
            #expect(try !desk.blobs.keys().isEmpty)
            desk.clock.advance(by: .seconds(30 * 86_400))
            try await self.sweeper(desk).sweep()
            #expect(try desk.blobs.keys().isEmpty)
            #expect(self.removed() == [output.text, batch.inputFile.text])
        }
    }

    /// An upload of four bytes that have come.
    private func upload(_ desk: BatchDesk) async throws -> (UploadService, UploadID) {
        let uploads = UploadService(
            files: desk.files, store: desk.store, blobs: desk.blobs, clock: desk.clock,
            randomness: SeededRandomness(seed: 9), md5: { NoDigest() })
        let wish = try UploadCreateRequest.parse(
            Array(#"{"filename":"a","purpose":"batch","bytes":4,"mime_type":"application/jsonl"}"#.utf8),
            purposes: UploadService.purposes)
        let id = try await uploads.create(wish, project: BatchDesk.project).id
        var intake = try desk.files.begin()
        try Array("text".utf8).withUnsafeBytes { try intake.append($0) }
        _ = try await uploads.add(intake, to: id, project: BatchDesk.project)
        return (uploads, id)
    }

    @Test("an upload that is cancelled twice is as it was after the first time") func cancelledTwice() async throws {
        let desk = try await BatchDesk()
        let (uploads, id) = try await self.upload(desk)
        let first = try await uploads.cancel(id, project: BatchDesk.project)
        let second = try await uploads.cancel(id, project: BatchDesk.project)
        #expect(first.status == "cancelled" && second.status == "cancelled" && second.id == id)
        #expect(try desk.blobs.keys().isEmpty)
    }

    @Test("an upload that was never completed expires with its parts") func uploads() async throws {
        let desk = try await BatchDesk()
        let (_, id) = try await self.upload(desk)
        #expect(try desk.blobs.keys().count == 1)
        desk.clock.advance(by: .seconds(2 * 3_600))
        try await self.sweeper(desk).sweep()
        #expect(try await desk.store.upload(id, project: BatchDesk.project)?.status == "expired")
        #expect(try desk.blobs.keys().isEmpty)
        #expect(self.log.lines.map(\.message) == ["upload expired"])
        #expect(self.log.lines.first?.metadata["upload.id"] == id.text)
    }
}
