import Gateway
import GatewayTesting
import OpenAIWire
import Routing
import Scheduling
import Testing

@Suite("What is lost with a line that makes room", .timeLimit(.minutes(1))) struct BatchWasteTests {
    private static func chunk(_ content: String, _ member: String) -> EngineScript.Step {
        let choice = #"{"index":0,"delta":{"content":"\#(content)"},"finish_reason":null}"#
        return .bytes(Array("data: {\"choices\":[\(content.isEmpty ? "" : choice)],\(member)}\n\n".utf8))
    }

    /// 384 tokens of the prompt, and three of the answer.
    private static let interrupted = EngineScript([
        .head(AnswerHead(status: 200, contentType: "text/event-stream")),
        Self.chunk("", #""prompt_progress":{"total":400,"cache":16,"processed":400,"time_ms":5}"#),
        Self.chunk("a", #""timings":{"cache_n":16,"prompt_n":384,"predicted_n":1}"#),
        Self.chunk("bc", #""timings":{"cache_n":16,"prompt_n":384,"predicted_n":3}"#),
        .hang,
    ])

    /// One line that is interrupted by a standard request.
    private func waste(kind: EngineKind) async throws -> (tokens: Int, requests: [EngineRequest]) {
        let desk = try await BatchDesk([Self.interrupted], kind: kind, stream: .always)
        try await desk.running {
            _ = try await desk.submit(lines: 1)
            await desk.engine.waitForRequests(1)
            while !desk.engine.calls[0].isHanging { await Task.yield() }
            let urgent = FakeWork(desk.scheduler)
            desk.scheduler.submit(urgent, LateDecisionTests.request(urgent, .standard))
            #expect(urgent.seen == ["dispatched"])
            desk.scheduler.send(.finished(urgent.key, LateDecisionTests.usage))
            #expect(await desk.exit() == .ended)
        }
        return (desk.scheduler.snapshot.statistics.tokensWastedByLane[Lane.batch.rawValue], desk.engine.requests)
    }

    @Test("llama.cpp is asked how far it is, and what it says is what is lost") func told() async throws {
        let (tokens, requests) = try await self.waste(kind: .llamacpp)
        #expect(tokens == 384 + 3)
        #expect(requests.count == 2)
        for request in requests {
            let body = try JSONValue(parsing: request.body)
            #expect(body["return_progress"]?.bool == true && body["timings_per_token"]?.bool == true)
        }
    }

    @Test("other engines are not asked") func others() async throws {
        for request in try await self.waste(kind: .vllm).requests {
            let body = try JSONValue(parsing: request.body)
            #expect(body["return_progress"] == nil && body["timings_per_token"] == nil)
        }
    }
}
