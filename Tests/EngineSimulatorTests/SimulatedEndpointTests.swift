import EngineSimulator
import OpenAIWire
import Testing

@Suite("What the simulated engine can answer") struct SimulatedEndpointTests {
    static let path = "/v1/chat/completions"

    @Test("a required tool is called, whole and streamed")
    func tools() async throws {
        let tools =
            #""tools":[{"type":"function","function":{"name":"tide","parameters":{}}}],"tool_choice":"required""#
        try await withEngine { _, client in
            let whole = try json(try await client.ask(Self.path, SimulatedEngineTests.chat(tools)).body)
            let choice = try #require(whole["choices"]?[0])
            #expect(choice["finish_reason"]?.string == "tool_calls")
            let function = choice["message"]?["tool_calls"]?[0]?["function"]
            #expect(function?["name"]?.string == "tide")
            #expect(function?["arguments"]?.string == #"{"simulated":true}"#)
            let stream = try await client.ask(Self.path, SimulatedEngineTests.chat(tools + #","stream":true"#))
            let calls = try events(stream.body).dropLast().compactMap {
                try json($0)["choices"]?[0]?["delta"]?["tool_calls"]?[0]?["function"]
            }
            #expect(calls.first?["name"]?.string == "tide")
            #expect(calls.compactMap { $0["arguments"]?.string }.joined() == #"{"simulated":true}"#)
            let auto = try json(
                try await client.ask(Self.path, SimulatedEngineTests.chat(String(tools.dropLast(9)) + #"auto""#)).body)
            #expect(auto["choices"]?[0]?["finish_reason"]?.string == "stop")
        }
    }

    @Test("a JSON format gives a JSON object as text", arguments: [true, false])
    func object(_ isStream: Bool) async throws {
        try await withEngine { _, client in
            let body = SimulatedEngineTests.chat(#""response_format":{"type":"json_object"},"stream":\#(isStream)"#)
            let answer = try await client.ask(Self.path, body)
            let text =
                isStream
                ? try events(answer.body).dropLast().compactMap {
                    try json($0)["choices"]?[0]?["delta"]?["content"]?.string
                }.joined() : try json(answer.body)["choices"]?[0]?["message"]?["content"]?.string ?? ""
            #expect(try json(text)["simulated"]?.bool == true)
        }
    }

    @Test("several choices differ and are all counted", arguments: [true, false])
    func choices(_ isStream: Bool) async throws {
        try await withEngine { _, client in
            let body = SimulatedEngineTests.chat(
                #""n":3,"stream":\#(isStream),"stream_options":{"include_usage":true}"#)
            let answer = try await client.ask(Self.path, body)
            var texts = ["", "", ""]
            let usage: JSONValue?
            if isStream {
                let chunks = try events(answer.body).dropLast().map { try json($0) }
                for choice in chunks.compactMap({ $0["choices"]?[0] }) {
                    let index = try #require(choice["index"]?.integer)
                    texts[Int(index)] += choice["delta"]?["content"]?.string ?? ""
                }
                usage = chunks.last?["usage"]
            } else {
                let whole = try json(answer.body)
                texts = (whole["choices"]?.array ?? []).map { $0["message"]?["content"]?.string ?? "" }
                usage = whole["usage"]
            }
            #expect(Set(texts).count == 3)
            let words = texts.reduce(0) { $0 + $1.split(separator: " ").count }
            #expect(usage?["completion_tokens"]?.integer == Int64(words))
        }
    }

    @Test("reasoning is told apart and counted inside the completion", arguments: [true, false])
    func reasoning(_ isStream: Bool) async throws {
        try await withEngine { _, client in
            let body = SimulatedEngineTests.chat(
                #""reasoning_effort":"high","stream":\#(isStream),"stream_options":{"include_usage":true}"#)
            let answer = try await client.ask(Self.path, body)
            var reasoning = ""
            var content = ""
            let usage: JSONValue?
            if isStream {
                let chunks = try events(answer.body).dropLast().map { try json($0) }
                for delta in chunks.compactMap({ $0["choices"]?[0]?["delta"] }) {
                    reasoning += delta["reasoning_content"]?.string ?? ""
                    content += delta["content"]?.string ?? ""
                }
                usage = chunks.last?["usage"]
            } else {
                let whole = try json(answer.body)
                reasoning = whole["choices"]?[0]?["message"]?["reasoning_content"]?.string ?? ""
                content = whole["choices"]?[0]?["message"]?["content"]?.string ?? ""
                usage = whole["usage"]
            }
            let thought = Int64(reasoning.split(separator: " ").count)
            #expect(thought > 0)
            #expect(usage?["completion_tokens_details"]?["reasoning_tokens"]?.integer == thought)
            #expect(usage?["completion_tokens"]?.integer == thought + Int64(content.split(separator: " ").count))
        }
    }

    @Test("log probabilities come one per token and spell the text")
    func logprobs() async throws {
        try await withEngine { _, client in
            let whole = try json(try await client.ask(Self.path, SimulatedEngineTests.chat(#""logprobs":true"#)).body)
            let entries = whole["choices"]?[0]?["logprobs"]?["content"]?.array ?? []
            #expect(Int64(entries.count) == whole["usage"]?["completion_tokens"]?.integer)
            let text = entries.compactMap { $0["token"]?.string }.joined()
            #expect(text == whole["choices"]?[0]?["message"]?["content"]?.string)
        }
    }

    @Test("text completions take several prompts, in text and in token ids")
    func completions() async throws {
        try await withEngine { _, client in
            let two = try json(
                try await client.ask("/v1/completions", #"{"model":"m","prompt":["abcd","efghi"],"n":2}"#).body)
            #expect(two["object"]?.string == "text_completion")
            #expect(two["choices"]?.array?.count == 4)
            #expect(two["usage"]?["prompt_tokens"]?.integer == 3)
            let ids = try json(
                try await client.ask("/v1/completions", #"{"model":"m","prompt":[1,2,3],"max_tokens":2}"#).body)
            #expect(ids["usage"]?["prompt_tokens"]?.integer == 3)
            #expect(ids["usage"]?["completion_tokens"]?.integer == 2)
            #expect(ids["choices"]?[0]?["finish_reason"]?.string == "length")
        }
    }

    @Test("embeddings have length one and depend on the text only")
    func embeddings() async throws {
        try await withEngine { _, client in
            let body = try json(
                try await client.ask(
                    "/v1/embeddings", #"{"model":"m","input":["a","b","a"],"encoding_format":"base64"}"#
                ).body)
            let vectors = (body["data"]?.array ?? []).map { ($0["embedding"]?.array ?? []).map(Self.number) }
            #expect(vectors.map(\.count) == [64, 64, 64])
            #expect(vectors[0] == vectors[2])
            #expect(vectors[0] != vectors[1])
            #expect(abs(vectors[0].reduce(0) { $0 + $1 * $1 } - 1) < 1e-4)
            #expect(body["usage"]?["prompt_tokens"]?.integer == 3)
        }
    }

    private static func number(_ value: JSONValue) -> Double {
        if case .number(let text) = value { Double(text) ?? .nan } else { .nan }
    }

    @Test("embeddings are base64 where the engine can and the client asks")
    func base64() async throws {
        try await withEngine({ $0.embeddingsBase64 = true }) { _, client in
            let input = #"{"model":"m","input":"a","dimensions":8,"encoding_format":"#
            let text = try json(try await client.ask("/v1/embeddings", input + #""base64"}"#).body)
            // 32 bytes: 11 groups, one byte missing.
            let encoded = try #require(text["data"]?[0]?["embedding"]?.string)
            #expect(encoded.count == 44)
            #expect(encoded.hasSuffix("="))
            let list = try json(try await client.ask("/v1/embeddings", input + #""float"}"#).body)
            #expect(list["data"]?[0]?["embedding"]?.array?.count == 8)
        }
    }

    @Test("tokenize counts as completions do")
    func tokenize() async throws {
        try await withEngine { _, client in
            let text = try json(try await client.ask("/tokenize", #"{"model":"m","prompt":"abcdefghi"}"#).body)
            #expect(text["count"]?.integer == 3)
            #expect(text["tokens"]?.array?.count == 3)
            #expect(text["max_model_len"]?.integer == 32_768)
            let chat = try json(try await client.ask("/tokenize", SimulatedEngineTests.chat).body)
            #expect(chat["count"]?.integer == 7)
        }
    }

    @Test(
        "the pages answer",
        arguments: [
            ("/health", 200, ""), ("/version", 200, "simulated"), ("/v1/models", 200, "max_model_len"),
            ("/v1/models/m", 200, "owned_by"), ("/nowhere", 404, "Not Found"),
            ("/metrics", 200, "vllm:time_to_first_token_seconds_bucket{engine=\"0\",model_name=\"m\",le=\"+Inf\"} 0"),
        ] as [(String, Int, String)])
    func pages(_ path: String, _ status: Int, _ word: String) async throws {
        try await withEngine { _, client in
            let answer = try await client.request("GET", path)
            #expect(answer.status == status)
            #expect(answer.headers["x-simulated-engine"] == "true")
            #expect(word.isEmpty || answer.body.contains(word))
        }
    }
}
