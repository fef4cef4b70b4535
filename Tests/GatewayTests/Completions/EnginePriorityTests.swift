import Gateway
import GatewayTesting
import OpenAIWire
import Routing
import Testing

@Suite("Priorities that engines are told") struct EnginePriorityTests {
    private static func told(_ kind: EngineKind, _ tier: String, isOn: Bool = true) async throws -> [Int64?] {
        let desk = try await CompletionDesk(
            [.answer(CompletionDesk.answer), .answer(CompletionDesk.answer)], kind: kind, takesPriorities: isOn)
        for own in ["", #","priority":-99"#] {
            _ = try desk.ask(
                #"{"model":"m","messages":[{"role":"user","content":"hi"}],"service_tier":"\#(tier)"\#(own)}"#)
        }
        return try desk.engine.requests.map { try JSONValue(parsing: $0.body)["priority"]?.integer }
    }

    @Test("vLLM counts down to what is important, SGLang up; a client cannot push ahead")
    func lanes() async throws {
        #expect(try await Self.told(.vllm, "default") == [0, 0])
        #expect(try await Self.told(.vllm, "priority") == [-20, -20])
        #expect(try await Self.told(.vllm, "flex") == [20, 20])
        #expect(try await Self.told(.sglang, "flex") == [-20, -20])
    }

    @Test("who was not started for it is told nothing, and gets what the client wrote")
    func off() async throws {
        #expect(try await Self.told(.vllm, "flex", isOn: false) == [nil, -99])
        #expect(try await Self.told(.llamacpp, "flex") == [nil, -99])
    }
}
