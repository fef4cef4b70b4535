import Gateway
import GatewayTesting
import OpenAIWire
import Quantities
import Routing
import Scheduling
import Testing

@Suite("Prompt tokens of a running batch", .timeLimit(.minutes(1))) struct BatchPromptTests {
    private static func body(_ number: Int) -> String {
        let shared = String(repeating: "a long instruction ", count: 30)
        let own = String(repeating: "\(number)", count: 300)
        return #"{"model":"m","messages":[{"role":"user","content":"\#(shared)\#(own)"}],"max_tokens":5}"#
    }

    private static func answer(prompt: Int = 100, cached: Int) -> EngineScript {
        .answer(
            #"{"id":"c","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","#
                + #""content":"yes"},"finish_reason":"stop"}],"usage":{"prompt_tokens":\#(prompt),"completion_tokens":5,"#
                + #""total_tokens":\#(prompt + 5),"prompt_tokens_details":{"cached_tokens":\#(cached)}}}"#)
    }

    @Test(
        "an engine's counts that cannot be true move neither the sizes of the next lines nor the project's share",
        arguments: [-1_000_000_000_000_000, 1_000_000_000_000_000])
    func untrue(cached: Int) async throws {
        // The same prompt, so that it is not moved before the others.
        let large = BatchDesk.body.dropLast() + #","user":"\#(String(repeating: "a", count: 800_000))"}"#
        let told = Self.answer(prompt: 1, cached: cached)
        let desk = try await BatchDesk([told, told, .hanging(then: told)])
        try await desk.running {
            let id = try await desk.submit([BatchDesk.body, String(large), BatchDesk.body])
            await desk.engine.waitForRequests(3)
            #expect(desk.engine.requests.map { $0.body.count > 800_000 } == [false, true, false])
            let services = desk.scheduler.snapshot.lanes[Lane.batch.rawValue].services
            #expect(services.map(\.project) == [BatchDesk.project])
            #expect(services.allSatisfy { $0.service > 0 && $0.service < 1e6 }, "\(services)")
            desk.engine.calls[2].resume()
            #expect(await desk.exit() == .ended)
            #expect(try await desk.batch(id).completedLines == 3)
        }
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
