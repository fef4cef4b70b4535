import OpenAIWire
import Quantities
import Testing

@Suite struct AnswerFactsTests {
    @Test("the facts of a chat answer are found")
    func chat() throws {
        let text =
            #"{"id":"c","object":"chat.completion","model":"m-2","choices":[{"index":0,"#
            + #""message":{"role":"assistant","content":"x"},"finish_reason":"stop"},"#
            + #"{"message":{"refusal":null},"finish_reason":"length"}],"usage":{"prompt_tokens":19,"#
            + #""completion_tokens":10,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":4,"#
            + #""cache_write_tokens":2,"audio_tokens":1,"image_tokens":3},"#
            + #""completion_tokens_details":{"reasoning_tokens":6,"audio_tokens":2}},"service_tier":"flex"}"#
        let facts = try AnswerFacts.scan(Array(text.utf8), .chatCompletions)
        #expect(facts.id == "c" && facts.object == "chat.completion" && facts.model == "m-2")
        #expect(facts.serviceTier == "flex" && facts.finishReasons == ["stop", "length"] && facts.choiceCount == 2)
        #expect(facts.messagesWithoutRefusal.count == 1 && !facts.hasError)
        var usage = TokenUsage(input: 19, cachedInput: 4, output: 10, reasoningOutput: 6)
        usage.cacheWrite = 2
        usage.audioInput = 1
        usage.imageInput = 3
        usage.audioOutput = 2
        #expect(facts.usage == usage)
        #expect(facts.usage?.inconsistency == nil)
    }

    static let usages: [(String, TokenUsage?)] = [
        (#"{"prompt_tokens":5,"completion_tokens":2}"#, TokenUsage(input: 5, output: 2)),
        (
            #"{"prompt_tokens":5,"completion_tokens":2,"prompt_tokens_details":null,"completion_tokens_details":null}"#,
            TokenUsage(input: 5, output: 2)
        ),
        (
            #"{"input_tokens":5,"input_tokens_details":{"cached_tokens":1},"output_tokens":2,"#
                + #""output_tokens_details":{"reasoning_tokens":2}}"#,
            TokenUsage(input: 5, cachedInput: 1, output: 2, reasoningOutput: 2)
        ),
        (
            #"{"prompt_tokens":5,"completion_tokens":2,"prompt_cache_hit_tokens":4,"prompt_cache_miss_tokens":1}"#,
            TokenUsage(input: 5, cachedInput: 4, output: 2)
        ),
        (
            #"{"prompt_tokens":5,"completion_tokens":2,"prompt_cache_hit_tokens":4,"#
                + #""prompt_tokens_details":{"cached_tokens":3}}"#,
            TokenUsage(input: 5, cachedInput: 3, output: 2)
        ),
        (#"{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}"#, TokenUsage.zero),
        (#"{"prompt_tokens":8,"total_tokens":8}"#, TokenUsage(input: 8, output: 0)),
        (#"{"prompt_tokens":8,"total_tokens":10}"#, TokenUsage(input: 8, output: 2)),
        (#"{"prompt_tokens":1,"completion_tokens":-3}"#, TokenUsage(input: 1, output: -3)),
        (
            #"{"prompt_tokens":1,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":9}}"#,
            TokenUsage(input: 1, cachedInput: 9, output: 3)
        ),
        (
            #"{"prompt_tokens":1.0,"completion_tokens":3e0,"prompt_tokens_details":{"cached_tokens":null}}"#,
            TokenUsage(input: 1, output: 3)
        ),
        (#"{"completion_tokens":3}"#, nil),
        (#"{"completion_tokens":3,"total_tokens":5}"#, TokenUsage(input: 2, output: 3)),
        (#"{"prompt_tokens":"1","completion_tokens":3}"#, nil), (#"{"prompt_tokens":1.5,"completion_tokens":3}"#, nil),
        (#"{"prompt_tokens":9e18,"completion_tokens":3}"#, nil), ("{}", nil), (#"{"total_tokens":4}"#, nil),
        ("null", nil), ("[]", nil),
    ]

    private static func reading(_ text: String) throws -> UsageReading {
        try Array(text.utf8).withUnsafeBytes { try UsageReading.read($0) }
    }

    @Test("usage is read leniently and never bent", arguments: usages)
    func readsUsage(_ text: String, _ expected: TokenUsage?) throws {
        #expect(try Self.reading(text).usage == expected)
        let answer = try AnswerFacts.scan(Array(#"{"usage":\#(text)}"#.utf8), .chatCompletions)
        #expect(answer.usage == expected)
    }

    static let caches: [(String, TokenUsage, isAdditive: Bool)] = [
        // latitude PR #4346 (8.3/28): a clamp hid 129,017 tokens.
        (
            #"{"input_tokens":2,"cache_read_input_tokens":129017,"cache_creation_input_tokens":0,"output_tokens":5}"#,
            TokenUsage(input: 129_019, cachedInput: 129_017, output: 5), true
        ),
        (
            #"{"input_tokens":900,"cache_read_input_tokens":100,"output_tokens":5}"#,
            TokenUsage(input: 1_000, cachedInput: 100, output: 5), true
        ),
        (
            #"{"prompt_tokens":2,"cache_read_input_tokens":10,"completion_tokens":5,"total_tokens":17}"#,
            TokenUsage(input: 12, cachedInput: 10, output: 5), true
        ),
        // As LiteLLM writes it: the cache is in the prompt, and named twice.
        (
            #"{"prompt_tokens":1000,"completion_tokens":5,"total_tokens":1005,"cache_read_input_tokens":100,"#
                + #""prompt_tokens_details":{"cached_tokens":100}}"#,
            TokenUsage(input: 1_000, cachedInput: 100, output: 5), false
        ),
        (
            #"{"input_tokens":1000,"output_tokens":5,"total_tokens":1005,"cache_read_input_tokens":100}"#,
            TokenUsage(input: 1_000, cachedInput: 100, output: 5), false
        ),
    ]

    @Test("the whole input is read where the cache stands beside it, and where it stands in it", arguments: caches)
    func cacheBesideInput(_ text: String, _ expected: TokenUsage, isAdditive: Bool) throws {
        let reading = try Self.reading(text)
        #expect(reading.usage == expected && reading.isAdditive == isAdditive)
    }

    @Test("what was written to the cache is told by how long it is kept (8.3/11)")
    func cacheWrites() throws {
        let reading = try Self.reading(
            #"{"input_tokens":10,"output_tokens":1,"cache_creation_input_tokens":300,"cache_read_input_tokens":50,"#
                + #""cache_creation":{"ephemeral_5m_input_tokens":200,"ephemeral_1h_input_tokens":100}}"#)
        let usage = try #require(reading.usage)
        #expect(usage.input == 360 && usage.cachedInput == 50)
        #expect(usage.cacheWrite == 200 && usage.cacheWriteLong == 100 && usage.inconsistency == nil)
    }

    @Test("impossible usage stays visible, and unreadable usage is told from absent usage")
    func badUsage() throws {
        #expect(
            try Self.reading(#"{"prompt_tokens":1,"prompt_tokens_details":{"cached_tokens":9}}"#).usage?.inconsistency
                != nil)
        #expect(try Self.reading(#"{"prompt_tokens":"x"}"#).isUnreadable)
        #expect(try !Self.reading("null").isUnreadable)
    }

    static let completions: [(String, String)] = [
        (
            #"{"choices":[{"message":{"role":"assistant"}}]}"#,
            #"{"choices":[{"message":{"role":"assistant","refusal":null}}],"service_tier":"flex"}"#
        ),
        (
            #"{"service_tier":null,"choices":[{"message":{}}]}"#,
            #"{"service_tier":"flex","choices":[{"message":{"refusal":null}}]}"#
        ),
        (
            #"{"service_tier":"flex","choices":[{"message":{"refusal":"x"}}]}"#,
            #"{"service_tier":"flex","choices":[{"message":{"refusal":"x"}}]}"#
        ),
        (#"{"service_tier":"auto","choices":[]}"#, #"{"service_tier":"flex","choices":[]}"#),
        ("{}", #"{"service_tier":"flex"}"#),
        (#"{"error":{"message":"x"}}"#, #"{"error":{"message":"x"}}"#),
    ]

    @Test("an answer of many choices is completed in each of them")
    func manyChoices() throws {
        let choices = [String](repeating: #"{"message":{}}"#, count: 16_000).joined(separator: ",")
        let bytes = Array((#"{"choices":["# + choices + #"],"service_tier":"auto"}"#).utf8)
        let facts = try AnswerFacts.scan(bytes, .chatCompletions)
        let completed = try JSONValue(parsing: facts.completed(bytes, servedTier: "flex"))
        let all = try #require(completed["choices"]?.array)
        #expect(all.count == 16_000 && all.allSatisfy { $0["message"]?["refusal"] == JSONValue.null })
        #expect(completed["service_tier"]?.string == "flex")
    }

    @Test("an answer is completed for OpenAI's clients", arguments: completions)
    func completes(_ before: String, _ after: String) throws {
        let bytes = Array(before.utf8)
        let facts = try AnswerFacts.scan(bytes, .chatCompletions)
        #expect(String(decoding: facts.completed(bytes, servedTier: "flex"), as: UTF8.self) == after)
        let other = try AnswerFacts.scan(bytes, .embeddings)
        #expect(other.completed(bytes, servedTier: "flex") == bytes)
    }

    @Test("a tier inside usage is read when there is none outside")
    func tierInUsage() throws {
        let inside = Array(#"{"usage":{"service_tier":"priority","prompt_tokens":1}}"#.utf8)
        #expect(try AnswerFacts.scan(inside, .chatCompletions).serviceTier == "priority")
        let both = Array(#"{"usage":{"service_tier":"priority"},"service_tier":"default"}"#.utf8)
        #expect(try AnswerFacts.scan(both, .chatCompletions).serviceTier == "default")
    }
}
