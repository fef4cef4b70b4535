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
