import Gateway
import GatewayTesting
import Quantities
import Testing

@Suite("Downloads of a batch's files", .timeLimit(.minutes(1))) struct BatchDownloadTests {
    /// The output file of a batch that has run.
    private func output(_ desk: BatchDesk) async throws -> FileID {
        var file: FileID?
        try await desk.running {
            let id = try await desk.submit(lines: 3)
            #expect(await desk.exit() == .ended)
            file = try await desk.batch(id).outputFile
        }
        return try #require(file)
    }

    @Test("are read about a megabyte at a time, lines that never ran among them") func pages() async throws {
        let desk = try await BatchDesk()
        var batch = BatchRecord(
            id: "batch_left", project: BatchDesk.project, key: nil, endpoint: "/v1/chat/completions",
            inputFile: "file-gone", window: "24h", tier: .batch, status: "in_progress", metadata: nil,
            outputExpiresAfter: nil, createdAt: desk.clock.now, expiresAt: desk.clock.now)
        batch.inProgressAt = desk.clock.now
        batch.totalLines = 600
        try await desk.store.insert(batch)
        let output = [UInt8](repeating: UInt8(ascii: "0"), count: 400_000)
        for line in stride(from: Int32(0), to: 20, by: 2) {
            let row = LineCommit(
                batch: batch.id, line: line, epoch: 1, succeeded: line % 4 == 0, output: output, attempts: 1,
                charge: nil)
            #expect(try await desk.store.commit(.line(row)) == .committed)
        }
        try await desk.running { #expect(await desk.exit() == .ended) }
        let ended = try await desk.batch(batch.id)
        for (file, lines) in [(ended.outputFile, 5), (ended.errorFile, 595)] {
            let id = try #require(file)
            var content = try await desk.files.content(id, project: BatchDesk.project).content
            var count = 0
            while let piece = try await content.next() {
                count += piece.count { $0 == UInt8(ascii: "\n") }
                #expect(piece.count < 1_300_000)
            }
            #expect(count == lines)
        }
    }

    @Test("end with an error when the file is deleted meanwhile") func deleted() async throws {
        let desk = try await BatchDesk()
        let file = try await self.output(desk)
        var content = try await desk.files.content(file, project: BatchDesk.project).content
        var other = content
        #expect(try await other.next()?.count == Int(other.byteCount))
        try await desk.files.delete(file, project: BatchDesk.project)
        await #expect(throws: StoreFailure.notFound) { _ = try await content.next() }
        await #expect(throws: StoreFailure.notFound) { _ = try await other.next() }
    }

    @Test("end with an error when their bytes are not as many as promised", arguments: [-1, 1] as [Int64])
    func promise(_ difference: Int64) async throws {
        let desk = try await BatchDesk()
        let made = try await desk.files.file(try await self.output(desk), project: BatchDesk.project)
        let wrong = FileRecord(
            id: "file-wrong", project: BatchDesk.project, filename: "out.jsonl", purpose: made.purpose,
            bytes: made.bytes + difference, createdAt: made.createdAt, expiresAt: nil, content: made.content)
        try await desk.store.insert(wrong)
        await #expect(throws: StoreFailure.self) { _ = try await desk.rows("file-wrong") }
    }
}
