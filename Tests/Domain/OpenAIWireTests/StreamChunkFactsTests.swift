import OpenAIWire
import Quantities
import Testing

@Suite struct StreamChunkFactsTests {
    private func facts(_ text: String) throws -> StreamChunkFacts { try StreamChunkFacts.scan(Array(text.utf8)) }

    private func edited(_ text: String, keepsUsage: Bool, tier: String?) throws -> String? {
        let bytes = Array(text.utf8)
        return try bytes.withUnsafeBytes { buffer in
            switch try StreamChunkFacts.scan(buffer).edit(buffer, keepsUsage: keepsUsage, servedTier: tier) {
            case .unchanged: text
            case .replaced(let result): String(decoding: result, as: UTF8.self)
            case .dropped: nil
            }
        }
    }

    static let pieces: [(String, Int)] = [
        (#"{"index":0,"delta":{"role":"assistant","content":""}}"#, 0), (#"{"delta":{"content":"a"}}"#, 1),
        (#"{"delta":{"content":null,"reasoning_content":"x"}}"#, 1), (#"{"delta":{"reasoning":"x"}}"#, 1),
        (#"{"delta":{"tool_calls":[{"index":0}]}}"#, 1), (#"{"delta":{"tool_calls":[]}}"#, 0),
        (#"{"delta":{"refusal":"no"}}"#, 1), (#"{"delta":{"audio":{"data":"x"}}}"#, 1), (#"{"delta":{}}"#, 0),
        (#"{"text":"a"}"#, 1), (#"{"text":""}"#, 0), (#"{"delta":null}"#, 0),
        (#"{"delta":{"content":"a"}},{"delta":{"content":"b"}}"#, 2),
        (#"null"#, 0),
    ]

    @Test("content pieces are counted", arguments: pieces)
    func countsPieces(_ choices: String, _ expected: Int) throws {
        let facts = try self.facts(#"{"id":"c","choices":[\#(choices)],"usage":null}"#)
        #expect(facts.kind == .delta)
        #expect(facts.contentPieces == expected)
        #expect(facts.usage == nil && facts.usageMember != nil && !facts.isUsageUnreadable)
    }

    @Test("the end, usage and finish reasons are seen")
    func kinds() throws {
        #expect(try self.facts("[DONE]").kind == .done)
        #expect(try self.facts("[DONE] ").kind == .done)
        let usage = try self.facts(
            #"{"choices":[],"service_tier":"flex","usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}"#)
        #expect(usage.kind == .usageOnly)
        #expect(usage.usage == TokenUsage(input: 5, output: 2))
        #expect(usage.serviceTier == "flex")
        #expect(try self.facts(#"{"choices":[],"usage":null}"#).kind == .delta)
        #expect(try self.facts(#"{"choices":[],"prompt_filter_results":[]}"#).kind == .delta)
        #expect(try self.facts(#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#).finishReason == "stop")
        #expect(throws: JSONError.self) { try self.facts(#"{"choices":[}"#) }
        #expect(throws: JSONError.self) { try self.facts("") }
    }

    static let computed: [(String, ComputedTokens?)] = [
        // What is being computed is lost with a cancel, too.
        (#""prompt_progress":{"total":500,"cache":100,"processed":356,"time_ms":9}"#, .init(prompt: 400, output: 0)),
        (#""prompt_progress":{"total":9000,"cache":100,"processed":100}"#, .init(prompt: 2_048, output: 0)),
        (#""prompt_progress":{"total":9000,"cache":100,"processed":2148}"#, .init(prompt: 4_096, output: 0)),
        (
            #""timings":{"prompt_n":0,"predicted_n":0},"prompt_progress":{"total":90,"cache":10,"processed":10}"#,
            .init(prompt: 80, output: 0)
        ),
        (#""timings":{"cache_n":100,"prompt_n":400,"prompt_ms":1.5,"predicted_n":7}"#, .init(prompt: 400, output: 7)),
        (#""prompt_progress":{"total":500,"cache":100,"processed":90}"#, nil),
        (#""prompt_progress":{"total":80,"cache":10,"processed":90}"#, nil),
        (#""prompt_progress":{"total":500,"processed":90}"#, nil), (#""prompt_progress":null"#, nil),
        (#""timings":{"prompt_n":-1,"predicted_n":7}"#, nil), (#""timings":{"prompt_n":1.5,"predicted_n":7}"#, nil),
        (#""usage":{"prompt_n":1,"predicted_n":7}"#, nil),
        (#""prompt_progress":{"total":9223372036854775807,"cache":0,"processed":9223372036854775807}"#, nil),
        (#""timings":{"prompt_n":1,"predicted_n":2000000000000000000}"#, nil),
    ]

    @Test("what an engine says it has computed is read", arguments: computed)
    func readsComputed(_ member: String, _ expected: ComputedTokens?) throws {
        #expect(try self.facts(#"{"choices":[{"delta":{"content":"a"}}],\#(member)}"#).computed == expected)
    }

    static let errors: [(String, ErrorBody?)] = [
        (
            #"{"error":{"message":"m","code":503,"type":"x"}}"#,
            ErrorBody(status: 503, message: "m", type: "x")
        ),
        (#"{"error":"boom"}"#, ErrorBody(status: 500, message: "boom", type: "server_error")),
        (#"{"error":null,"choices":[]}"#, nil), (#"{"error":{ },"choices":[]}"#, nil), (#"{"error":false}"#, nil),
        (#"{"error":""}"#, nil),
    ]

    @Test("a truthy error ends the stream, any other is harmless", arguments: errors)
    func readsErrors(_ text: String, _ expected: ErrorBody?) throws {
        #expect(try self.facts(text).kind == expected.map { .error($0) } ?? .delta)
    }

    static let edits: [(String, Bool, String?, String?)] = [
        (#"{"a":1,"usage":null,"choices":[1]}"#, false, nil, #"{"a":1,"choices":[1]}"#),
        (#"{"choices":[1],"usage":{"prompt_tokens":1}}"#, false, nil, #"{"choices":[1]}"#),
        (#"{"choices":[1],"usage":{"prompt_tokens":1}}"#, true, nil, #"{"choices":[1],"usage":{"prompt_tokens":1}}"#),
        (#"{"choices":[],"usage":{"prompt_tokens":1}}"#, false, "flex", nil),
        (
            #"{"choices":[],"usage":{"prompt_tokens":1}}"#, true, "flex",
            #"{"choices":[],"usage":{"prompt_tokens":1},"service_tier":"flex"}"#
        ),
        (#"{"choices":[1],"usage":null}"#, false, "flex", #"{"choices":[1],"service_tier":"flex"}"#),
        (#"{"service_tier":null,"choices":[1]}"#, false, "flex", #"{"service_tier":"flex","choices":[1]}"#),
        (#"{"service_tier":"auto","choices":[1]}"#, false, "default", #"{"service_tier":"default","choices":[1]}"#),
        (#"{"service_tier":"flex","choices":[1]}"#, false, "flex", #"{"service_tier":"flex","choices":[1]}"#),
        ("[DONE]", false, "flex", "[DONE]"),
        (#"{"error":"x","usage":null}"#, false, "flex", #"{"error":"x","usage":null}"#),
    ]

    @Test("chunks are edited for the client", arguments: edits)
    func appliesEdit(_ row: (String, Bool, String?, String?)) throws {
        #expect(try self.edited(row.0, keepsUsage: row.1, tier: row.2) == row.3)
    }
}
