import OpenAIWire
public import Routing
import Tokenizing

/// Lets the engine that will answer count the prompt, and counts itself where that is not possible.
///
/// vLLM: `POST /tokenize` with model and prompt or messages, answered with `count`. llama.cpp: `POST /apply-template`
/// with messages, answered with `prompt`, and `POST /tokenize` with content, answered with `tokens`.
public struct EngineTokenizer: PromptCounting {
    /// Who counts for a model.
    public struct Target: Sendable {
        public var engine: Engine
        /// The model's name on the engine.
        public var engineModel: String

        public init(engine: Engine, engineModel: String) {
            self.engine = engine
            self.engineModel = engineModel
        }
    }

    private let client: any EngineClient
    private let targets: [String: Target]
    private let fallback: any PromptCounting
    private let timeout: Duration

    /// - Parameters:
    ///   - targets: by model; targets of kinds without a tokenizer endpoint are not asked.
    ///   - fallback: counts for all other models, for prompts with parts that are no text, and when an engine fails.
    public init(
        client: any EngineClient, targets: [String: Target], fallback: any PromptCounting,
        timeout: Duration = .seconds(30)
    ) {
        self.client = client
        self.targets = targets.filter { Self.canCount($0.value.engine.kind) }
        self.fallback = fallback
        self.timeout = timeout
    }

    /// Whether engines of this kind have a tokenizer endpoint.
    public static func canCount(_ kind: EngineKind) -> Bool {
        switch kind {
        case .vllm, .llamacpp, .simulated: true
        case .openai, .sglang, .ollama: false
        }
    }

    public func count(
        _ request: CountableRequest, model: String
    ) async throws(PromptCountingError) -> CountedPrompt {
        if let target = self.targets[model], request.isTextOnly {
            do throws(PromptCountingError) {
                return try await self.ask(target, request)
            } catch {
                return try await self.fallback.count(request, model: model)
            }
        }
        return try await self.fallback.count(request, model: model)
    }

    private func ask(_ target: Target, _ request: CountableRequest) async throws(PromptCountingError) -> CountedPrompt {
        switch request.prompt {
        case .texts(let texts, let given):
            var tokens = given
            for text in texts { tokens += try await self.tokens(target, text: text) }
            return CountedPrompt(tokens: tokens)
        case .chat(_, let tools):
            var members = [JSONValue.Member("messages", request.body["messages"] ?? request.body["input"] ?? .null)]
            if !tools.isEmpty, let list = request.body["tools"] { members.append(.init("tools", list)) }
            if target.engine.kind == .llamacpp {
                let answer = try await self.post(target, "/apply-template", members)
                guard let prompt = answer["prompt"]?.string else { throw .engine("no prompt in its answer") }
                return CountedPrompt(tokens: try await self.tokens(target, text: prompt))
            }
            members.insert(.init("model", .string(target.engineModel)), at: 0)
            return CountedPrompt(tokens: try Self.count(try await self.post(target, "/tokenize", members)))
        }
    }

    private func tokens(_ target: Target, text: String) async throws(PromptCountingError) -> Int64 {
        let members: [JSONValue.Member] =
            target.engine.kind == .llamacpp
            ? [.init("content", .string(text)), .init("add_special", .bool(true)), .init("parse_special", .bool(true))]
            : [.init("model", .string(target.engineModel)), .init("prompt", .string(text))]
        return try Self.count(try await self.post(target, "/tokenize", members))
    }

    private static func count(_ answer: JSONValue) throws(PromptCountingError) -> Int64 {
        if let count = answer["count"]?.integer, count >= 0 { return count }
        if let tokens = answer["tokens"]?.array { return Int64(tokens.count) }
        throw .engine("neither count nor tokens in its answer")
    }

    private func post(
        _ target: Target, _ path: String, _ members: [JSONValue.Member]
    ) async throws(PromptCountingError) -> JSONValue {
        let fetch = EngineFetch(
            engine: target.engine, path: target.engine.url.rootPath + path, body: JSONValue.object(members).encoded,
            timeout: self.timeout)
        let answer: EngineFetchAnswer
        do throws(EngineFailure) {
            answer = try await self.client.fetch(fetch)
        } catch {
            throw .engine(error.message)
        }
        guard (200..<300).contains(answer.status), let value = try? JSONValue(parsing: answer.body) else {
            throw .engine("status \(answer.status)")
        }
        return value
    }
}

extension CountableRequest {
    /// False when a message has a part that is neither text nor a call.
    var isTextOnly: Bool {
        guard case .chat(let messages, _) = self.prompt else { return true }
        return messages.allSatisfy { message in
            message.parts.allSatisfy { part in
                switch part {
                case .text: true
                case .unknown: self.body["messages"] != nil
                case .image, .audio: false
                }
            }
        }
    }
}
