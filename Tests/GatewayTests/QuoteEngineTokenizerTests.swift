import Gateway
import OpenAIWire
import Quantities
import Routing
import Synchronization
import Testing
import Tokenizing

/// Answers questions from a table and remembers them.
private final class TableEngine: EngineClient {
    private struct NoCall: EngineCall {
        func cancel() {}
        func setReading(_ reading: Bool) {}
    }

    private let answers: [String: String]
    private let asked = Mutex<[String]>([])

    init(_ answers: [String: String]) { self.answers = answers }

    var questions: [String] { self.asked.withLock { $0 } }

    func send(_ request: EngineRequest, to sink: any AnswerSink) -> any EngineCall { NoCall() }

    func fetch(_ request: EngineFetch) async throws(EngineFailure) -> EngineFetchAnswer {
        let body = String(decoding: request.body ?? [], as: UTF8.self)
        self.asked.withLock { $0.append("\(request.path) \(body)") }
        guard let answer = self.answers[request.path] else { throw EngineFailure(.unreachable, message: "gone") }
        return EngineFetchAnswer(status: 200, contentType: "application/json", body: Array(answer.utf8))
    }
}

struct NoVocabulary: EncoderSource {
    func encoder(_ name: EncodingName) -> Encoder? { nil }
}

@Suite struct QuoteEngineTokenizerTests {
    private func counter(_ kind: EngineKind, _ client: TableEngine) throws -> EngineTokenizer {
        let engine = Engine(id: "e", url: try EngineURL("http://127.0.0.1:8000/sub"), kind: kind)
        return EngineTokenizer(
            client: client, targets: ["m": [.init(engine: engine, engineModel: "served")]],
            fallback: LocalPromptCounter(encoders: NoVocabulary()))
    }

    func request(_ text: String) throws -> CountableRequest {
        try #require(CountableRequest(body: try JSONValue(parsing: Array(text.utf8))))
    }

    @Test("vLLM counts chats from their messages and prompts from their text")
    func vllm() async throws {
        let client = TableEngine(["/sub/tokenize": #"{"count":7,"max_model_len":100}"#])
        let counter = try self.counter(.vllm, client)
        let chat = try await counter.count(
            try self.request(#"{"messages":[{"role":"user","content":"hi"}]}"#), model: "m")
        #expect(chat == CountedPrompt(tokens: 7, source: .engine))
        let prompt = try await counter.count(try self.request(#"{"prompt":["a","b"]}"#), model: "m")
        #expect(prompt.tokens == 14)
        #expect(
            client.questions == [
                #"/sub/tokenize {"model":"served","messages":[{"role":"user","content":"hi"}]}"#,
                #"/sub/tokenize {"model":"served","prompt":"a"}"#, #"/sub/tokenize {"model":"served","prompt":"b"}"#,
            ])
    }

    @Test("llama.cpp renders a chat first and then counts the text")
    func llama() async throws {
        let client = TableEngine([
            "/sub/apply-template": #"{"prompt":"<user>hi"}"#, "/sub/tokenize": #"{"tokens":[1,2,3]}"#,
        ])
        let counter = try self.counter(.llamacpp, client)
        let chat = try await counter.count(
            try self.request(#"{"messages":[{"role":"user","content":"hi"}]}"#), model: "m")
        #expect(chat == CountedPrompt(tokens: 3, source: .engine))
        #expect(
            client.questions.last == #"/sub/tokenize {"content":"<user>hi","add_special":true,"parse_special":true}"#)
    }

    @Test("Other models, engines without a tokenizer and failing engines are counted here, as an estimate")
    func fallback() async throws {
        let request = try self.request(#"{"prompt":"abcdefgh"}"#)
        let estimate = CountedPrompt(tokens: 2, source: .bytes, reasons: [.vocabularyMissing])
        let failing = TableEngine([:])
        #expect(try await self.counter(.vllm, failing).count(request, model: "m") == estimate)
        #expect(failing.questions.count == 1)
        #expect(try await self.counter(.vllm, failing).count(request, model: "other") == estimate)
        #expect(try await self.counter(.openai, failing).count(request, model: "m") == estimate)
        #expect(failing.questions.count == 1)
    }

    @Test(
        "A count that cannot be true is none, and neither is a sum of counts that cannot be",
        arguments: ["9223372036854775807", "-1", "1000000000000001"])
    func nonsense(_ count: String) async throws {
        let client = TableEngine(["/sub/tokenize": #"{"count":\#(count)}"#])
        let request = try self.request(#"{"input":["abcdefgh","abcdefgh"]}"#)
        let counted = try await self.counter(.vllm, client).count(request, model: "m")
        #expect(counted == CountedPrompt(tokens: 4, source: .bytes, reasons: [.vocabularyMissing]))
    }

    @Test("Counts that overflow together are estimated here")
    func overflow() async throws {
        let client = TableEngine(["/sub/tokenize": #"{"count":1000000000000000}"#])
        let texts = Array(repeating: #""abcd""#, count: 9_224).joined(separator: ",")
        let counted = try await self.counter(.vllm, client).count(
            try self.request(#"{"input":[\#(texts)]}"#), model: "m")
        #expect(counted.tokens == 9_224 && counted.source == .bytes)
    }

    @Test("An engine that is gone is asked once, the model's next engine counts")
    func nextEngine() async throws {
        let client = TableEngine(["/b/tokenize": #"{"count":7}"#])
        let targets = try ["a", "b"].map { name in
            EngineTokenizer.Target(
                engine: Engine(id: EngineID(name), url: try EngineURL("http://127.0.0.1:8000/\(name)"), kind: .vllm),
                engineModel: "served")
        }
        let counter = EngineTokenizer(
            client: client, targets: ["m": targets], fallback: LocalPromptCounter(encoders: NoVocabulary()))
        let request = try self.request(#"{"prompt":"abcdefgh"}"#)
        for _ in 0..<3 {
            #expect(try await counter.count(request, model: "m") == CountedPrompt(tokens: 7, source: .engine))
        }
        #expect(client.questions.filter { $0.hasPrefix("/a/") }.count == 1)
        #expect(client.questions.filter { $0.hasPrefix("/b/") }.count == 3)
    }
}
