import OpenAIWire
import Testing

@Suite struct RequestFactsTests {
    static let full = """
        {"model": "m-1", "messages":[{"role":"user","content":"hi"}],"stream":true,
         "stream_options":{"include_usage":true},"service_tier":"flex","max_completion_tokens":1e2,"max_tokens":7,
         "n":2,"temperature":0.5,"seed":4,"user":"u","metadata":{"a":"b"},"top_k":5,"prompt_cache_key":"k"}
        """

    @Test("all facts of a chat request are found")
    func facts() throws {
        let body = Array(Self.full.utf8)
        let facts = try RequestFacts.scan(body, .chatCompletions)
        #expect(facts.model == "m-1")
        #expect(facts.stream && facts.includeUsage)
        #expect(facts.serviceTier == "flex")
        #expect(facts.maxCompletionTokens == 100)
        #expect(facts.maxTokens == 7)
        #expect(facts.outputTokensMax == 100)
        #expect(facts.n == 2)
        #expect(facts.user == "u")
        #expect(facts.promptCacheKey == "k")
        #expect(facts.has(.temperature) && facts.has(.seed) && !facts.has(.tools))
        #expect(facts.layout.memberCount == 14)
        #expect(facts.layout.open == 0 && facts.layout.close == body.count - 1)
        let range = try #require(facts[.model]).value.range
        #expect(String(decoding: body[range], as: UTF8.self) == "\"m-1\"")
    }

    static let refused: [(String, Endpoint, RequestError)] = [
        ("{", .chatCompletions, .unparsable(JSONError(offset: 1, reason: .unexpectedEnd))),
        ("[]", .chatCompletions, .unparsable(JSONError(offset: 0, reason: .expectedObject))),
        ("{}", .chatCompletions, .missingParameter("model")),
        (#"{"model":null,"messages":[1]}"#, .chatCompletions, .missingParameter("model")),
        (#"{"model":"m"}"#, .chatCompletions, .missingParameter("messages")),
        (#"{"model":"m","messages":null}"#, .chatCompletions, .missingParameter("messages")),
        (#"{"model":"m"}"#, .embeddings, .missingParameter("input")),
        (#"{"model":"m","messages":[ ]}"#, .chatCompletions, .emptyArray("messages")),
        (#"{"model":"m","input":[]}"#, .embeddings, .emptyArray("input")),
        (
            #"{"model":5,"messages":[1]}"#, .chatCompletions,
            .invalidType("model", expected: "a string", got: "a number")
        ),
        (
            #"{"model":"m","messages":"x"}"#, .chatCompletions,
            .invalidType("messages", expected: "an array of objects", got: "a string")
        ),
        (
            #"{"model":"m","messages":[1],"stream":"yes"}"#, .chatCompletions,
            .invalidType("stream", expected: "a boolean", got: "a string")
        ),
        (
            #"{"model":"m","messages":[1],"service_tier":1}"#, .chatCompletions,
            .invalidType("service_tier", expected: "a string", got: "a number")
        ),
        (
            #"{"model":"m","messages":[1],"stream_options":[]}"#, .chatCompletions,
            .invalidType("stream_options", expected: "an object", got: "an array")
        ),
        (
            #"{"model":"m","messages":[1],"stream_options":{"include_usage":1}}"#, .chatCompletions,
            .invalidType("stream_options.include_usage", expected: "a boolean", got: "a number")
        ),
        (
            #"{"model":"m","messages":[1],"max_tokens":1.5}"#, .chatCompletions,
            .invalidType("max_tokens", expected: "an integer", got: "a decimal or too large number")
        ),
        (
            #"{"model":"m","messages":[1],"max_tokens":0}"#, .chatCompletions,
            .belowMinimum("max_tokens", minimum: 1, got: "0")
        ),
        (#"{"model":"m","messages":[1],"n":0}"#, .chatCompletions, .belowMinimum("n", minimum: 1, got: "0")),
        (#"{"model":"m","messages":[1],"n":129}"#, .chatCompletions, .aboveMaximum("n", maximum: 128, got: "129")),
        (#"{"model":"m","best_of":21}"#, .completions, .aboveMaximum("best_of", maximum: 20, got: "21")),
    ]

    @Test("bad requests are refused as OpenAI refuses them", arguments: refused)
    func refuses(_ body: String, _ endpoint: Endpoint, _ expected: RequestError) {
        let error = #expect(throws: RequestError.self) { try RequestFacts.scan(Array(body.utf8), endpoint) }
        #expect(error == expected)
        #expect(error?.body.status == 400)
        #expect(error?.body.type == "invalid_request_error")
    }

    @Test("null means absent where OpenAI says so")
    func nulls() throws {
        let body = #"""
            {"model":"m","messages":[1],"stream":null,"stream_options":null,"service_tier":null,
             "max_tokens":null,"n":null}
            """#
        let facts = try RequestFacts.scan(Array(body.utf8), .chatCompletions)
        #expect(!facts.stream && facts.serviceTier == nil && facts.maxTokens == nil && facts.n == 1)
        #expect(facts[.serviceTier] != nil)
    }

    @Test("the last of several equal keys counts, and the earlier ones are reported and removed")
    func duplicates() throws {
        let body = Array(#"{"model":"cheap","messages":[1],"mod\u0065l":"dear","model":"mid"}"#.utf8)
        let facts = try RequestFacts.scan(body, .chatCompletions)
        #expect(facts.model == "mid")
        #expect(facts.shadowed.count == 2)
        let edit = RequestEdit(facts)
        #expect(String(decoding: edit.apply(to: body), as: UTF8.self) == #"{"messages":[1],"model":"mid"}"#)
    }

    @Test("a body that repeats keys without end is refused")
    func repeated() throws {
        func body(_ times: Int) -> [UInt8] {
            Array(("{" + String(repeating: #""n":1,"#, count: times) + #""model":"m","messages":[1],"n":1}"#).utf8)
        }
        let most = RequestFacts.shadowedMax
        #expect(try RequestFacts.scan(body(most), .chatCompletions).shadowed.count == most)
        #expect(throws: RequestError.repeatedKeys(maximum: most)) {
            try RequestFacts.scan(body(most + 1), .chatCompletions)
        }
    }

    @Test("legacy completions need no prompt, and embeddings take a string")
    func others() throws {
        #expect(try RequestFacts.scan(Array(#"{"model":"m"}"#.utf8), .completions).model == "m")
        let body = Array(#"{"model":"m","input":"x","encoding_format":"base64"}"#.utf8)
        #expect(try RequestFacts.scan(body, .embeddings).encodingFormat == "base64")
    }
}
