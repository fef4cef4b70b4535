import Gateway
import GatewayTesting
import OpenAIWire
import Quantities
import Routing
import Testing

@Suite("Prompt tokens of a running batch", .timeLimit(.minutes(1))) struct BatchPromptTests {
    private static func body(_ number: Int) -> String {
        let shared = String(repeating: "a long instruction ", count: 30)
        let own = String(repeating: "\(number)", count: 300)
        return #"{"model":"m","messages":[{"role":"user","content":"\#(shared)\#(own)"}],"max_tokens":5}"#
    }

    private static func answer(cached: Int) -> EngineScript {
        .answer(
            #"{"id":"c","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","#
                + #""content":"yes"},"finish_reason":"stop"}],"usage":{"prompt_tokens":100,"completion_tokens":5,"#
                + #""total_tokens":105,"prompt_tokens_details":{"cached_tokens":\#(cached)}}}"#)
    }

    @Test("what was computed and cached is told while the batch runs, with the least that had to be computed")
    func told() async throws {
        let bodies = (0..<3).map(Self.body)
        let chains = try bodies.map { try PromptPrefix.chain(Array($0.utf8)) }
        let shared = zip(chains[0], chains[1]).prefix { $0 == $1 }.count
        #expect(shared > 3 && shared < chains[1].count)
        let desk = try await BatchDesk([
            Self.answer(cached: 0), Self.answer(cached: 60), .hanging(then: Self.answer(cached: 60)),
        ])
        try await desk.running {
            let id = try await desk.submit(bodies)
            await desk.engine.waitForRequests(3)
            while try await desk.batch(id).completedLines < 2 { await Task.yield() }
            let least = Int64(100 + 100 * (chains[1].count - shared) / chains[1].count)
            let expected = PromptTokens(computed: 140, cached: 60, least: least)
            while desk.service.prompts(of: try await desk.batch(id)) != expected {
                try #require(desk.runner.prompts[id].map { $0.computed <= 140 } ?? true)
                await Task.yield()
            }
            #expect(desk.runner.prompts == [id: expected])
            desk.engine.calls[2].resume()
            #expect(await desk.exit() == .ended)
            #expect(desk.service.prompts(of: try await desk.batch(id)) == nil)
            #expect(desk.runner.prompts.isEmpty)
        }
    }
}
