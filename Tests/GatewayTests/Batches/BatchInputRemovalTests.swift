import Gateway
import GatewayTesting
import OpenAIWire
import Quantities
import Testing

@Suite("The input of a batch whose file is deleted while it runs", .timeLimit(.minutes(1)))
struct BatchInputRemovalTests {
    @Test("is removed when the batch ends") func completed() async throws {
        let desk = try await BatchDesk([.hanging(then: .answer(CompletionDesk.answer))])
        try await desk.running {
            let id = try await desk.submit(lines: 2)
            await desk.engine.waitForRequests(1)
            try await desk.files.delete(try await desk.batch(id).inputFile, project: BatchDesk.project)
            #expect(try desk.blobs.keys().count == 2)
            desk.engine.calls[0].resume()
            #expect(await desk.exit() == .ended)
            #expect(try await desk.batch(id).completedLines == 2)
        }
        #expect(try desk.blobs.keys().isEmpty)
    }

    @Test("is removed with the error file that shows lines of it") func cancelled() async throws {
        let desk = try await BatchDesk([EngineScript([.hang])])
        try await desk.running {
            let id = try await desk.submit(lines: 2)
            await desk.engine.waitForRequests(1)
            try await desk.files.delete(try await desk.batch(id).inputFile, project: BatchDesk.project)
            _ = try await desk.service.cancel(id, project: BatchDesk.project)
            #expect(await desk.exit() == .ended)
            let batch = try await desk.batch(id)
            let file = try #require(batch.errorFile)
            #expect(try await desk.rows(file).map { $0["custom_id"]?.string } == ["0", "1"])
            try await desk.files.delete(file, project: BatchDesk.project)
        }
        #expect(try desk.blobs.keys().isEmpty)
    }
}
