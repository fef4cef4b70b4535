import EngineSimulator
import NIOCore
import NIOPosix
import OpenAIWire
import Testing

/// Starts an engine on a free port, hands it to `body` with a connected client, and stops it.
func withEngine(
    _ change: (inout SimulatorOptions) -> Void = { _ in },
    _ body: (SimulatedEngine, LoopbackClient) async throws -> Void
) async throws {
    var options = SimulatorOptions()
    options.model = "m"
    change(&options)
    let group = MultiThreadedEventLoopGroup.singleton
    let engine = try await SimulatedEngine.start(options: options, group: group)
    let client = try await LoopbackClient.connect(port: engine.port, group: group)
    do {
        try await body(engine, client)
    } catch {
        try await engine.shutdown()
        throw error
    }
    try await engine.shutdown()
}

func json(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

/// The data lines of an event stream.
func events(_ body: String) -> [String] {
    body.split(separator: "\n").filter { $0.hasPrefix("data: ") }.map { String($0.dropFirst(6)) }
}

@Suite("The simulated engine over HTTP") struct SimulatedEngineTests {
    static let chat = #"{"model":"m","messages":[{"role":"user","content":"How high is the tide?"}]}"#

    static func chat(_ extra: String) -> String { String(Self.chat.dropLast()) + "," + extra + "}" }

    @Test("a chat is answered whole, calls itself simulated and repeats itself")
    func whole() async throws {
        try await withEngine { _, client in
            let answer = try await client.ask("/v1/chat/completions", Self.chat)
            #expect(answer.status == 200)
            #expect(answer.headers["x-simulated-engine"] == "true")
            let body = try json(answer.body)
            #expect(body["model"]?.string == "m")
            #expect(body["system_fingerprint"]?.string == "simulated")
            #expect(body["object"]?.string == "chat.completion")
            let choice = try #require(body["choices"]?[0])
            let text = try #require(choice["message"]?["content"]?.string)
            #expect(text.hasPrefix("simulated "))
            #expect(choice["finish_reason"]?.string == "stop")
            let usage = try #require(body["usage"])
            // "user\nHow high is the tide?\n" is 27 bytes.
            #expect(usage["prompt_tokens"]?.integer == 7)
            #expect(usage["completion_tokens"]?.integer == Int64(text.split(separator: " ").count))
            let again = try json(try await client.ask("/v1/chat/completions", Self.chat).body)
            #expect(again["choices"] == body["choices"])
        }
    }

    @Test("a stream says the same as the whole answer, token by token")
    func stream() async throws {
        try await withEngine { _, client in
            let whole = try json(try await client.ask("/v1/chat/completions", Self.chat).body)
            let answer = try await client.ask(
                "/v1/chat/completions",
                Self.chat(#""stream":true,"stream_options":{"include_usage":true}"#))
            #expect(answer.isComplete)
            #expect(answer.headers["content-type"]?.hasPrefix("text/event-stream") == true)
            let events = events(answer.body)
            #expect(events.last == "[DONE]")
            let chunks = try events.dropLast().map { try json($0) }
            let text = chunks.compactMap { $0["choices"]?[0]?["delta"]?["content"]?.string }.joined()
            #expect(text == whole["choices"]?[0]?["message"]?["content"]?.string)
            #expect(chunks[0]["choices"]?[0]?["delta"]?["role"]?.string == "assistant")
            #expect(chunks[chunks.count - 2]["choices"]?[0]?["finish_reason"]?.string == "stop")
            #expect(chunks.last?["choices"]?.array?.isEmpty == true)
            let tokens = try #require(chunks.last?["usage"]?["completion_tokens"]?.integer)
            #expect(tokens == whole["usage"]?["completion_tokens"]?.integer)
            #expect(Int64(chunks.count) == tokens + 3)
            #expect(Set(chunks.map { $0["id"]?.string }).count == 1)
        }
    }

    @Test("a paced stream comes whole as well, and many at once share two slots")
    func pacedStreams() async throws {
        try await withEngine({
            $0.slots = 2
            $0.prefillRate = 100_000
            $0.decodeRate = 2_000
        }) { engine, _ in
            try await withThrowingTaskGroup(of: LoopbackClient.Answer.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        let client = try await LoopbackClient.connect(
                            port: engine.port, group: MultiThreadedEventLoopGroup.singleton)
                        return try await client.ask(
                            "/v1/chat/completions",
                            Self.chat(#""stream":true,"ignore_eos":true,"max_tokens":\#(20 + number)"#))
                    }
                }
                var lengths: Set<Int> = []
                for try await answer in group {
                    #expect(answer.isComplete)
                    lengths.insert(events(answer.body).count)
                }
                // Role, tokens, end, [DONE].
                #expect(lengths == Set((23...30)))
            }
        }
    }

    @Test("the prefix cache shows in the usage and in the metrics")
    func cached() async throws {
        try await withEngine { _, client in
            let long = String(repeating: "The harbour is quiet tonight. ", count: 40)
            let body = #"{"model":"m","messages":[{"role":"user","content":"\#(long)"}]}"#
            let first = try json(try await client.ask("/v1/chat/completions", body).body)
            let second = try json(try await client.ask("/v1/chat/completions", body).body)
            #expect(first["usage"]?["prompt_tokens_details"]?["cached_tokens"]?.integer == 0)
            // 1,206 bytes: 302 tokens, 18 full blocks of 16.
            #expect(second["usage"]?["prompt_tokens_details"]?["cached_tokens"]?.integer == 288)
            let metrics = try await client.request("GET", "/metrics").body
            #expect(metrics.contains("vllm:prefix_cache_hits_total{engine=\"0\",model_name=\"m\"} 288\n"))
            #expect(metrics.contains("vllm:prompt_tokens_total{engine=\"0\",model_name=\"m\"} 604\n"))
        }
    }

    @Test("a client that goes away frees its slot", arguments: [true, false])
    func disconnect(_ isStream: Bool) async throws {
        try await withEngine({
            $0.slots = 1
            $0.decodeRate = 1
        }) { engine, watcher in
            let client = try await LoopbackClient.connect(
                port: engine.port, group: MultiThreadedEventLoopGroup.singleton)
            try await client.post(
                "/v1/chat/completions",
                Self.chat(#""ignore_eos":true,"max_tokens":1000,"user":"leaver","stream":\#(isStream)"#))
            try await Self.wait(watcher, for: "vllm:num_requests_running", "1.0")
            if isStream { #expect(await client.read(until: "simulated")) }
            await client.close()
            try await Self.wait(watcher, for: "vllm:num_requests_running", "0.0")
            try await Self.wait(watcher, for: "ebb_simulator_cancelled_total", "1")
            let log = try json(try await watcher.request("GET", "/simulator/log?line=leaver").body)
            #expect(log["lines"]?[0]?["started"]?.integer == 1)
            #expect(log["lines"]?[0]?["finished"]?.integer == 0)
            #expect(log["lines"]?[0]?["cancelled"]?.integer == 1)
        }
    }

    /// Asks for the metrics until the sample has the value.
    static func wait(_ client: LoopbackClient, for name: String, _ value: String) async throws {
        for _ in 0..<20_000 {
            let metrics = try await client.request("GET", "/metrics").body
            if metrics.contains("\(name){engine=\"0\",model_name=\"m\"} \(value)\n") { return }
        }
        Issue.record("\(name) never became \(value)")
    }

    @Test("requests sent ahead are answered in order on one connection")
    func pipelining() async throws {
        try await withEngine({ $0.decodeRate = 1_000 }) { _, client in
            for number in 1...5 {
                try await client.post(
                    "/v1/completions",
                    #"{"model":"m","prompt":"x","ignore_eos":true,"max_tokens":\#(10 - number)}"#)
            }
            for number in 1...5 {
                let body = try json(await client.answer().body)
                #expect(body["usage"]?["completion_tokens"]?.integer == Int64(10 - number))
            }
        }
    }

    @Test("the log counts executions by header, metadata, user and message, and can be reset")
    func log() async throws {
        try await withEngine { _, client in
            let path = "/v1/chat/completions"
            _ = try await client.ask(path, Self.chat(#""user":"u1""#), headers: ["x-ebb-line": "h1"])
            for _ in 0..<2 { _ = try await client.ask(path, Self.chat(#""user":"u1","metadata":{"line":"17"}"#)) }
            _ = try await client.ask(path, Self.chat(#""user":"u1""#))
            _ = try await client.ask(path, Self.chat)
            let log = try json(try await client.request("GET", "/simulator/log").body)
            let lines = (log["lines"]?.array ?? []).map {
                "\($0["line"]?.string ?? "") \($0["finished"]?.integer ?? -1)"
            }
            #expect(lines == ["h1 1", "17 2", "u1 1", "text:How high is the tide? 1"])
            #expect(log["repeated"]?.integer == 1)
            let twice = try json(try await client.request("GET", "/simulator/log?started_min=2").body)
            #expect(twice["lines"]?.array?.count == 1)
            _ = try await client.request("DELETE", "/simulator/log")
            #expect(try json(try await client.request("GET", "/simulator/log").body)["marks"]?.integer == 0)
        }
    }
}
