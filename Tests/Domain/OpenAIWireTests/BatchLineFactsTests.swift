import OpenAIWire
import Testing

@Suite struct BatchLineFactsTests {
    private func scan(_ text: String, _ endpoint: Endpoint = .chatCompletions) throws(BatchLineFlaw) -> BatchLineFacts {
        try BatchLineFacts.scan(Array(text.utf8), endpoint)
    }

    @Test("a good line gives its parts")
    func good() throws {
        let text =
            #"{"custom_id":"r \u0031é","method":"POST","url":"/v1/chat/completions","body":{"model":"m\/x","#
            + #""messages":[{"content":"hi"}],"max_tokens":5,"max_completion_tokens":9,"n":3,"#
            + #""service_tier":"flex","stream":false}}"#
        let line = Array(text.utf8)
        let facts = try BatchLineFacts.scan(line, .chatCompletions)
        #expect(String(decoding: line[facts.customID.range], as: UTF8.self) == #""r \u0031é""#)
        line.withUnsafeBytes {
            #expect(facts.customIDText(in: $0) == "r 1é")
            #expect(facts.modelText(in: $0) == "m/x")
            #expect(facts.serviceTierText(in: $0) == "flex")
        }
        #expect(facts.customIDHash == WireHash(Array("r 1é".utf8)))
        #expect(facts.modelHash == WireHash(Array("m/x".utf8)))
        #expect(facts.outputTokensMax == 9 && facts.n == 3)
        let body = try JSONValue(parsing: Array(line[facts.body.range]))
        #expect(body["n"]?.integer == 3)
    }

    static let messages = #""messages":[1]"#
    static let flaws: [(String, Endpoint, String, String?)] = [
        ("nope", .chatCompletions, "invalid_json_line", nil), ("", .chatCompletions, "invalid_json_line", nil),
        ("[]", .chatCompletions, "invalid_json_line", nil), ("{} x", .chatCompletions, "invalid_json_line", nil),
        ("{}", .chatCompletions, "missing_required_parameter", "custom_id"),
        (#"{"custom_id":null}"#, .chatCompletions, "missing_required_parameter", "custom_id"),
        (#"{"custom_id":5}"#, .chatCompletions, "invalid_type", "custom_id"),
        (#"{"custom_id":"a"}"#, .chatCompletions, "missing_required_parameter", "method"),
        (#"{"custom_id":"a","method":"POST"}"#, .chatCompletions, "missing_required_parameter", "url"),
        (
            #"{"custom_id":"a","method":"POST","url":"/v1/chat/completions"}"#, .chatCompletions,
            "missing_required_parameter", "body"
        ),
        (
            #"{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":[]}"#, .chatCompletions,
            "invalid_type", "body"
        ),
        (
            #"{"custom_id":"a","method":"GET","url":"/v1/chat/completions","body":{}}"#, .chatCompletions,
            "invalid_method", "method"
        ),
        (
            #"{"custom_id":"a","method":"POST","url":"/v1/embeddings","body":{}}"#, .chatCompletions, "invalid_url",
            "url"
        ),
        (
            #"{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{}}"#, .chatCompletions,
            "invalid_request", "body.model"
        ),
        (
            #"{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":""}}"#, .chatCompletions,
            "invalid_request", "body.model"
        ),
        (
            #"{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":5}}"#, .chatCompletions,
            "invalid_type", "body.model"
        ),
        (
            #"{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":"m"}}"#, .chatCompletions,
            "invalid_request", "body.messages"
        ),
        (
            #"{"custom_id":"a","method":"POST","url":"/v1/embeddings","body":{"model":"m"}}"#, .embeddings,
            "invalid_request", "body.input"
        ),
        (
            #"{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":"m","#
                + #""messages":[1],"stream":true}}"#,
            .chatCompletions, "streaming_unsupported", "body.stream"
        ),
        (
            #"{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":"m","#
                + #""messages":[1],"\u0073tream":true}}"#,
            .chatCompletions, "streaming_unsupported", "body.stream"
        ),
        (
            #"{"body":{"model":"m","messages":[1]},"custom_id":"a","method":"POST","#
                + #""url":"/v1/chat/completions","body":{"model":"m"}}"#,
            .chatCompletions, "invalid_request", "body.messages"
        ),
    ]

    @Test("a bad line gives the code and the param", arguments: flaws)
    func refuses(_ text: String, _ endpoint: Endpoint, _ code: String, _ param: String?) {
        let flaw = #expect(throws: BatchLineFlaw.self) { try self.scan(text, endpoint) }
        #expect(flaw?.code == code)
        #expect(flaw?.param == param)
        #expect(flaw?.message.isEmpty == false)
    }

    @Test("escaped spellings of keys and urls count", arguments: ["n", "\\u006e"])
    func escapes(_ key: String) throws {
        let facts = try self.scan(
            #"{"custom_\u0069d":"a","method":"POS\u0054","url":"\/v1\/chat\/completions","#
                + #""body":{"mod\u0065l":"m","message\u0073":[],"\#(key)":4}}"#
        )
        #expect(facts.n == 4)
    }

    @Test("hashes differ for different texts, also for near ones and zero bytes")
    func hashes() {
        var seen: Set<WireHash> = []
        var texts = 0
        for length in 0..<40 {
            for byte in [0, 1, 0x61] as [UInt8] {
                seen.insert(WireHash([UInt8](repeating: byte, count: length)))
                texts += length == 0 && byte > 0 ? 0 : 1
            }
        }
        for number in 0..<20_000 {
            seen.insert(WireHash(Array("request-\(number)".utf8)))
            texts += 1
        }
        #expect(seen.count == texts)
    }
}
