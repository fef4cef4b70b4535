import Gateway
import GatewayTesting
import Quantities
import Routing
import Testing

/// What an engine of each kind answers to discovery, as its own server does.
struct FakeEngine: CustomTestStringConvertible, Sendable {
    let testDescription: String
    /// Path to answer: GET questions have no body; `POST` ones name a part that the body must hold.
    var pages: [String: String]
    var posts: [String: (needs: String, answer: String)] = [:]
    var contentType = "application/json"

    func fetch(_ request: EngineFetch) throws(EngineFailure) -> EngineFetchAnswer {
        let missing = EngineFailure(.clientFault, status: 404, message: "Not Found")
        let text: String
        if let body = request.body {
            guard let post = self.posts[request.path] else { throw missing }
            guard String(decoding: body, as: UTF8.self).contains(post.needs) else {
                throw EngineFailure(.clientFault, status: 422, message: "the body is wrong")
            }
            text = post.answer
        } else {
            guard let page = self.pages[request.path] else { throw missing }
            text = page
        }
        return EngineFetchAnswer(status: 200, contentType: self.contentType, body: Array(text.utf8))
    }

    static func list(_ names: [String], owner: String) -> String {
        let models = names.map { #"{"id":"\#($0)","object":"model","owned_by":"\#(owner)"}"# }
        return #"{"object":"list","data":["# + models.joined(separator: ",") + "]}"
    }

    static let vllm = FakeEngine(
        testDescription: "vllm",
        pages: [
            "/v1/models": list(["qwen"], owner: "vllm"),
            "/metrics": "# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running 0\n",
        ],
        posts: ["/tokenize": (#""prompt":"#, #"{"count":3,"max_model_len":4096,"tokens":[1,2,3]}"#)])

    /// Behind a proxy that signs nothing, a vLLM is known by its metrics.
    static let unsignedVLLM = FakeEngine(
        testDescription: "unsigned vllm",
        pages: [
            "/v1/models": list(["qwen"], owner: "me"),
            "/metrics": "# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running 0\n",
        ])

    static let llamacpp = FakeEngine(
        testDescription: "llamacpp",
        pages: [
            "/v1/models": list(["tiny.gguf"], owner: "llamacpp"),
            "/props": #"{"total_slots":3,"chat_template_caps":{"supports_tool_calls":false,"supports_tools":false}}"#,
            "/metrics": "# HELP llamacpp:prompt_tokens_total x\n# TYPE llamacpp:prompt_tokens_total counter\n",
        ],
        posts: ["/tokenize": (#""content":"#, #"{"tokens":[104,105]}"#)])

    static let unsignedLlamacpp = FakeEngine(
        testDescription: "unsigned llamacpp",
        pages: ["/v1/models": list(["tiny.gguf"], owner: "me"), "/props": #"{"total_slots":2}"#])

    static let boastful = FakeEngine(
        testDescription: "boastful llamacpp",
        pages: ["/v1/models": list(["tiny.gguf"], owner: "me"), "/props": #"{"total_slots":9223372036854775807}"#])

    static let sglang = FakeEngine(
        testDescription: "sglang",
        pages: [
            "/v1/models": list(["llama"], owner: "sglang"),
            "/get_server_info": #"{"model_path":"llama","max_running_requests":48,"tool_call_parser":"llama3"}"#,
        ])

    /// A later version: another name of the endpoint, a tokenizer, and tools switched off.
    static let newerSGLang = FakeEngine(
        testDescription: "newer sglang",
        pages: [
            "/v1/models": list(["llama"], owner: "me"),
            "/server_info": #"{"model_path":"llama","max_running_requests":null,"tool_call_parser":null}"#,
        ],
        posts: ["/tokenize": (#""prompt":"#, #"{"tokens":[1],"count":1}"#)])

    static let ollama = FakeEngine(
        testDescription: "ollama",
        pages: ["/v1/models": list(["a:1b", "b:2b"], owner: "library"), "/api/tags": #"{"models":[]}"#],
        posts: ["/api/show": (#""b:2b""#, #"{"capabilities":["completion","tools"]}"#)])

    static let openai = FakeEngine(
        testDescription: "openai", pages: ["/v1/models": list(["gpt-4o"], owner: "openai")])

    static let simulated = FakeEngine(
        testDescription: "simulated",
        pages: [
            "/v1/models": list(["simulated"], owner: "simulated"),
            "/metrics": "# TYPE vllm:num_requests_running gauge\n",
        ],
        posts: ["/tokenize": (#""model":"simulated""#, #"{"count":1,"tokens":[7]}"#)])
}

struct ExpectedReport: CustomTestStringConvertible, Sendable {
    let engine: FakeEngine
    var kind: EngineKind
    var models: [String]
    var slots: Int?
    var tools: Bool?
    var tokenizer: String?
    var metrics: String?

    var testDescription: String { self.engine.testDescription }

    static let all = [
        ExpectedReport(
            engine: .vllm, kind: .vllm, models: ["qwen"], tokenizer: "/tokenize", metrics: "/metrics"),
        ExpectedReport(engine: .unsignedVLLM, kind: .vllm, models: ["qwen"], metrics: "/metrics"),
        ExpectedReport(
            engine: .llamacpp, kind: .llamacpp, models: ["tiny.gguf"], slots: 3, tools: false, tokenizer: "/tokenize",
            metrics: "/metrics"),
        ExpectedReport(engine: .unsignedLlamacpp, kind: .llamacpp, models: ["tiny.gguf"], slots: 2),
        ExpectedReport(engine: .boastful, kind: .llamacpp, models: ["tiny.gguf"]),
        ExpectedReport(engine: .sglang, kind: .sglang, models: ["llama"], slots: 48, tools: true),
        ExpectedReport(
            engine: .newerSGLang, kind: .sglang, models: ["llama"], tools: false, tokenizer: "/tokenize"),
        ExpectedReport(engine: .ollama, kind: .ollama, models: ["a:1b", "b:2b"], tools: true),
        ExpectedReport(engine: .openai, kind: .openai, models: ["gpt-4o"]),
        ExpectedReport(
            engine: .simulated, kind: .simulated, models: ["simulated"], tokenizer: "/tokenize", metrics: "/metrics"),
    ]
}

struct DiscoveryTests {
    private func engine(_ url: String = "http://127.0.0.1:9") throws -> Engine {
        Engine(id: "e", url: try EngineURL(url), kind: .openai)
    }

    private func client(_ fake: FakeEngine) -> ScriptedEngine {
        ScriptedEngine(fetch: { request throws(EngineFailure) in try fake.fetch(request) })
    }

    @Test("An engine is known by its answers", arguments: ExpectedReport.all)
    func kinds(_ expected: ExpectedReport) async throws {
        let report = await EngineDiscovery(client: self.client(expected.engine)).report(try self.engine(), kind: nil)
        #expect(report.isReachable)
        #expect(report.problem == nil)
        #expect(report.kind == expected.kind)
        #expect(report.models == expected.models)
        #expect(report.slots == expected.slots)
        #expect(report.callsTools == expected.tools)
        #expect(report.tokenizer == expected.tokenizer)
        #expect(report.metrics == expected.metrics)
    }

    @Test(
        "Slots that no engine can have are not told",
        arguments: [
            ("9223372036854775807", nil), ("1000000000000", nil), ("100001", nil), ("0", nil), ("-1", nil),
            ("1.5", nil), ("null", nil), ("1e3", 1_000), ("100000", 100_000), ("1", 1),
        ] as [(String, Int?)])
    func slots(_ told: String, _ slots: Int?) async throws {
        var llamacpp = FakeEngine.llamacpp
        llamacpp.pages["/props"] = #"{"total_slots":\#(told)}"#
        var sglang = FakeEngine.sglang
        sglang.pages["/get_server_info"] = #"{"model_path":"llama","max_running_requests":\#(told)}"#
        for fake in [llamacpp, sglang] {
            let report = await EngineDiscovery(client: self.client(fake)).report(try self.engine(), kind: nil)
            #expect(report.isReachable && report.slots == slots)
        }
    }

    @Test("A dead engine is unreachable, with the reason, and is asked once")
    func dead() async throws {
        let client = ScriptedEngine(fetch: { _ throws(EngineFailure) in
            throw EngineFailure(.unreachable, message: "Connection refused")
        })
        let report = await EngineDiscovery(client: client).report(try self.engine(), kind: nil)
        #expect(!report.isReachable)
        #expect(report.problem == "Connection refused")
        #expect(client.fetches.count == 1)
    }

    @Test("A refused credential is told with its status")
    func refused() async throws {
        let client = ScriptedEngine(fetch: { _ throws(EngineFailure) in
            throw EngineFailure(.credential, status: 401, message: "Unauthorized")
        })
        let report = await EngineDiscovery(client: client).report(try self.engine(), kind: .vllm)
        #expect(!report.isReachable)
        #expect(report.problem == "status 401: Unauthorized")
    }

    @Test("A server that answers everything with a page is no engine", arguments: ["<html>hi</html>", "{}", "[]", ""])
    func garbage(_ page: String) async throws {
        let client = ScriptedEngine(fetch: { _ throws(EngineFailure) in
            EngineFetchAnswer(status: 200, contentType: "text/html", body: Array(page.utf8))
        })
        let report = await EngineDiscovery(client: client).report(try self.engine(), kind: nil)
        #expect(!report.isReachable)
        #expect(report.problem == "it answers, but not with a list of models")
    }

    @Test("Pages that are no tokenizer and no metrics are not taken for them")
    func pagesInFront() async throws {
        let client = ScriptedEngine(fetch: { request throws(EngineFailure) in
            let text = request.path == "/v1/models" ? FakeEngine.list(["m"], owner: "vllm") : "<html>welcome</html>"
            return EngineFetchAnswer(status: 200, contentType: "text/html", body: Array(text.utf8))
        })
        let report = await EngineDiscovery(client: client).report(try self.engine(), kind: nil)
        #expect(report.isReachable)
        #expect(report.tokenizer == nil)
        #expect(report.metrics == nil)
    }

    @Test("The configured kind wins, and a paid host is asked for its models only")
    func configured() async throws {
        let client = self.client(.vllm)
        let report = await EngineDiscovery(client: client).report(try self.engine(), kind: .openai)
        #expect(report.kind == .openai)
        #expect(client.fetches.map(\.path) == ["/v1/models"])
        let secure = self.client(.openai)
        _ = await EngineDiscovery(client: secure).report(try self.engine("https://api.example.com"), kind: nil)
        #expect(secure.fetches.map(\.path) == ["/v1/models"])
    }

    @Test("A path prefix is kept in every question")
    func prefix() async throws {
        var fake = FakeEngine.vllm
        fake.pages = Dictionary(uniqueKeysWithValues: fake.pages.map { ("/gpu1" + $0.key, $0.value) })
        fake.posts = Dictionary(uniqueKeysWithValues: fake.posts.map { ("/gpu1" + $0.key, $0.value) })
        let report = await EngineDiscovery(client: self.client(fake)).report(
            try self.engine("http://127.0.0.1:9/gpu1/v1"), kind: nil)
        #expect(report.tokenizer == "/gpu1/tokenize")
        #expect(report.metrics == "/gpu1/metrics")
    }

    @Test(
        "One streamed token tells whether an engine streams",
        arguments: [("text/event-stream; charset=utf-8", true), ("application/json", false)])
    func streams(contentType: String, expected: Bool) async throws {
        let client = ScriptedEngine(fetch: { request throws(EngineFailure) in
            EngineFetchAnswer(status: 200, contentType: contentType, body: [])
        })
        #expect(await EngineDiscovery(client: client).streams(try self.engine(), model: "m\"x") == expected)
        let fetch = try #require(client.fetches.first)
        #expect(fetch.path == "/v1/chat/completions")
        let body = String(decoding: fetch.body ?? [], as: UTF8.self)
        #expect(body.contains(#""max_tokens":1,"stream":true"#))
        #expect(body.contains(#""model":"m\"x""#))
    }

    @Test("A model that answers no chat tells nothing about streaming")
    func noChat() async throws {
        let client = self.client(.openai)
        #expect(await EngineDiscovery(client: client).streams(try self.engine(), model: "embed") == nil)
    }
}
