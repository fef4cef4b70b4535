import Gateway
import GatewayTesting
import Ledger
import OpenAIWire
import Pricing
import Quantities
import Routing
import Testing

/// What is charged where an engine's usage is absent or cannot be true (8.3/34): the text over four, not its JSON.
@Suite("An estimate of what was used") struct UsageEstimateTests {
    private static let usage = #","usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}"#

    private func answer(_ message: String, _ usage: String = "") -> String {
        CompletionDesk.answer.replacing(#""content":"yes""#, with: message).replacing(Self.usage, with: usage)
    }

    private func charged(_ answer: String, _ question: String = CompletionDesk.question) async throws -> TokenUsage {
        let desk = try await CompletionDesk([.answer(answer)])
        _ = try desk.ask(question)
        return try #require(desk.store.allCharges.first).usage
    }

    private func question(_ members: String) -> String { #"{"model":"m",\#(members)}"# }

    @Test("counts the texts of the prompt, the tools that it offers, and three or four tokens of framing for each")
    func input() async throws {
        // "hi" is a token, by the rule that ebb quote has without a vocabulary.
        let silent = self.answer(#""content":"yes""#)
        #expect(try await self.charged(silent).input == 1 + 4 + 3)
        let escaped = self.question(#""messages":[{"role":"user","content":"\u0431\u0431\u0431\u0431"}]"#)
        #expect(try await self.charged(silent, escaped).input == 2 + 4 + 3)
        let parts = self.question(
            #""messages":[{"role":"user","content":[{"type":"text","text":"twelve bytes"}]}],"#
                + #""metadata":{"a":"bcdefgh"}"#)
        #expect(try await self.charged(silent, parts).input == 3 + 4 + 3)
        let tool = #"{"type":"function","function":{"name":"find","parameters":{"type":"object","properties":{}}}}"#
        let tools = self.question(#""messages":[{"role":"user","content":"hi"}],"tools":[\#(tool)]"#)
        #expect(try await self.charged(silent, tools).input == 1 + 4 + 3 + 1 + 12)
    }

    @Test("a long body is taken as it is, without the images in it")
    func long() async throws {
        let silent = self.answer(#""content":"yes""#)
        let text = self.question(
            #""messages":[{"role":"user","content":"\#(String(repeating: "word ", count: 60_000))"}]"#)
        #expect(try await self.charged(silent, text).input == Int64((text.utf8.count + 3) / 4))
    }

    static let answers: [(message: String, tokens: Int64)] = [
        (#""content":"yes""#, 1), (#""content":"""#, 0), (#""content":"12345678""#, 2),
        (#""content":"1234","reasoning_content":"12345678""#, 3),
        (
            #""content":null,"tool_calls":[{"id":"call_1","type":"function","#
                + #""function":{"name":"find","arguments":"{}  "}}]"#, 2
        ),
        (#""content":null,"refusal":"I will not""#, 3),
    ]

    @Test("counts the texts of the answer: reasoning and calls of tools too", arguments: answers)
    func output(_ message: String, _ tokens: Int64) async throws {
        let usage = try await self.charged(self.answer(message))
        #expect(usage.isEstimated && usage.output == tokens)
    }

    @Test("counts chunks of a stream that is folded, or its text where that is more")
    func folded() async throws {
        let desk = try await CompletionDesk(
            [.stream(CompletionDesk.chunks.filter { !$0.contains("usage") })], stream: .always)
        _ = try desk.ask(CompletionDesk.question)
        let usage = try #require(desk.store.allCharges.first).usage
        #expect(usage.isEstimated && usage.input == 8 && usage.output == 1)
    }

    @Test("a stream whose client left is charged the text of its prompt")
    func cancelled() async throws {
        let desk = try await CompletionDesk([
            EngineScript([
                .head(AnswerHead(status: 200, contentType: "text/event-stream")),
                .bytes(Array(CompletionDesk.chunks[1].utf8)), .hang,
            ])
        ])
        let (_, request) = try desk.ask(CompletionDesk.streamed)
        request?.clientGone()
        let charge = try #require(desk.store.allCharges.first)
        #expect(charge.outcome == .cancelled && charge.usage.input == 8 && charge.usage.output == 1)
    }

    static let reports: [(report: String, input: Int64, output: Int64)] = [
        (#"{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":50}}"#, 10, 5),
        (#"{"prompt_tokens":2,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":50}}"#, 8, 5),
        (#"{"prompt_tokens":-10,"completion_tokens":5}"#, 8, 5),
        (#"{"prompt_tokens":10,"completion_tokens":-5}"#, 10, 1),
        (#"{"prompt_tokens":10,"completion_tokens":5000000000}"#, 10, 1),
        (#"{"prompt_tokens":10,"completion_tokens":2,"completion_tokens_details":{"reasoning_tokens":9}}"#, 10, 2),
        // Six are not cached, and eight would be audio that is not.
        (
            #"{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":4,"audio_tokens":8}}"#,
            10, 5
        ),
        (
            #"{"prompt_tokens":10,"completion_tokens":5,"#
                + #""completion_tokens_details":{"reasoning_tokens":3,"audio_tokens":3}}"#, 10, 5
        ),
    ]

    @Test("keeps of a report what can be true", arguments: reports)
    func partly(_ report: String, _ input: Int64, _ output: Int64) async throws {
        let usage = try await self.charged(self.answer(#""content":"yes""#, #","usage":\#(report)"#))
        #expect(usage.isEstimated && usage.input == input && usage.output == output)
        #expect(usage.inconsistency == nil)
    }

    @Test("audio of which none is said to be cached, beside cached tokens, is no free request")
    func audioAndCache() async throws {
        func rate(_ dollars: String) throws -> Rate { try Rate(try Money(decimalDollars: dollars), per: 1_000_000) }
        let prices = TierPrices([
            .input: try rate("1"), .cachedInput: try rate("0.1"), .audioInput: try rate("10"),
            .cachedAudioInput: try rate("1"), .output: try rate("2"), .reasoningOutput: try rate("3"),
            .audioOutput: try rate("20"),
        ])
        let book = try PriceBook(
            version: "test", entries: [PriceEntry(provider: "own", models: ["m"], tiers: [.standard: prices])])
        for (report, _, _) in Self.reports {
            let answer = self.answer(#""content":"yes""#, #","usage":\#(report)"#)
            let desk = try await CompletionDesk([.answer(answer)], book: book)
            _ = try desk.ask(CompletionDesk.question)
            let charge = try #require(desk.store.allCharges.first)
            #expect(try #require(charge.amount, "\(report)") > .zero)
        }
    }

    @Test("the log tells once of each meter, band and tier without a price, and of no unknown model")
    func notices() async throws {
        let log = CapturedLog()
        let audio = #"{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"audio_tokens":8}}"#
        let answer = self.answer(#""content":"yes""#, #","usage":\#(audio)"#)
        let desk = try await CompletionDesk([.answer(answer), .answer(answer)], log: log)
        for number in 1...2 { _ = try desk.ask(CompletionDesk.question, id: RequestID("req_\(number)")) }
        #expect(desk.store.allCharges.map(\.amount) == [nil, nil])
        #expect(log.count("served without a price") == 1)
        let line = try #require(log.lines.first { $0.message.contains("served without a price") })
        #expect(line.metadata["reason"] == "no price for audio_in of model 'm' in tier 'default'")
        let empty = try await CompletionDesk(
            [.answer(answer)], book: try PriceBook(version: "test", entries: []), log: log)
        _ = try empty.ask(CompletionDesk.question)
        #expect(log.count("served without a price") == 1)
    }
}
