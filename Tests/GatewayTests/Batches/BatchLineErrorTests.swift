import Gateway
import GatewayTesting
import OpenAIWire
import Quantities
import Routing
import Testing

@Suite("Errors of batch lines") struct BatchLineErrorTests {
    private static let message = "request (9 tokens) exceeds the available context size (8 tokens), try increasing it"
    /// llama.cpp's words for a prompt that is too long.
    private static let tooLong =
        #"{"error":{"code":400,"message":"\#(Self.message)","type":"exceed_context_size_error","n_ctx":8}}"#

    @Test("a prompt that is too long fails its line in OpenAI's words, once and for free") func tooLong() async throws {
        let refusal = EngineFailure(
            .clientFault, status: 400, message: Self.message, body: Array(Self.tooLong.utf8))
        let desk = try await BatchDesk([.failure(refusal), .stream(["data: \(Self.tooLong)\n\n"])])
        try await desk.running {
            let id = try await desk.submit(lines: 3)
            #expect(await desk.exit() == .ended)
            let batch = try await desk.batch(id)
            #expect((batch.status, batch.completedLines, batch.failedLines) == ("completed", 1, 2))
            for row in try await desk.rows(batch.errorFile) {
                #expect(row["error"]?.kind == .null)
                #expect(row["response"]?["status_code"]?.integer == 400)
                let error = row["response"]?["body"]?["error"]
                #expect(error?["code"]?.string == "context_length_exceeded")
                #expect(error?["type"]?.string == "invalid_request_error")
                #expect(error?["message"]?.string == Self.message)
            }
        }
        #expect(desk.engine.requests.count == 3 && desk.store.allCharges.count == 1)
    }
}
