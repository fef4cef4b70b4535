import OpenAIWire
public import Routing
import Synchronization
import Tokenizing

/// Lets the engine that will answer count the prompt, and counts itself where that is not possible.
///
/// vLLM: `POST /tokenize` with model and prompt or messages, answered with `count`. llama.cpp: `POST /apply-template`
/// with messages, answered with `prompt`, and `POST /tokenize` with content, answered with `tokens`.
///
/// An engine that cannot be reached, or has no such endpoint after all, is not asked for that model again; the model's
/// next engine is.
public final class EngineTokenizer: PromptCounting {
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
    private let targets: [String: [Target]]
    private let fallback: any PromptCounting
    private let timeout: Duration
    /// How many of a model's targets are asked no more.
    private let givenUp = Mutex<[String: Int]>([:])

    /// - Parameters:
    ///   - targets: by model, asked in this order; targets of kinds without a tokenizer endpoint are not asked.
    ///   - fallback: counts for all other models, for prompts with parts that are no text, and when engines fail.
    public init(
        client: any EngineClient, targets: [String: [Target]], fallback: any PromptCounting,
        timeout: Duration = .seconds(30)
    ) {
        self.client = client
        self.targets = targets.mapValues { $0.filter { Self.canCount($0.engine.kind) } }
        self.fallback = fallback
        self.timeout = timeout
    }

    /// The engines of a routing table.
    public convenience init(client: any EngineClient, table: RoutingTable, fallback: any PromptCounting) {
        let targets = table.aliases.mapValues { engines in
            engines.compactMap { target in
                table.engines[target.engine].map { Target(engine: $0, engineModel: target.engineModel) }
            }
        }
        self.init(client: client, targets: targets, fallback: fallback)
    }

    /// Prompts that are sent to an engine at the same time: enough to hide the way there, few beside its real work.
    public static let width = 16

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
        guard request.isTextOnly, let targets = self.targets[model] else {
            return try await self.fallback.count(request, model: model)
        }
        while true {
            let place = self.givenUp.withLock { $0[model] ?? 0 }
            guard place < targets.count else { break }
            do throws(Refusal) {
                return try await self.ask(targets[place], request)
            } catch .thisRequest {
                break
            } catch {
                // Another prompt may have given up this engine, and the next one, in the meantime.
                self.givenUp.withLock { $0[model] = max($0[model] ?? 0, place + 1) }
            }
        }
        return try await self.fallback.count(request, model: model)
    }

    /// What an engine did not count.
    private enum Refusal: Error {
        case thisRequest, anyRequest
    }

    private func ask(_ target: Target, _ request: CountableRequest) async throws(Refusal) -> CountedPrompt {
        switch request.prompt {
        case .texts(let texts, let given):
            var tokens = given
            for text in texts {
                let (sum, overflow) = tokens.addingReportingOverflow(try await self.tokens(target, text: text))
                if overflow { throw .thisRequest }
                tokens = sum
            }
            return CountedPrompt(tokens: tokens, source: .engine)
        case .chat(_, let tools):
            var members = [JSONValue.Member("messages", request.body["messages"] ?? request.body["input"] ?? .null)]
            if !tools.isEmpty, let list = request.body["tools"] { members.append(.init("tools", list)) }
            if target.engine.kind == .llamacpp {
                let answer = try await self.post(target, "/apply-template", members)
                guard let prompt = answer["prompt"]?.string else { throw .thisRequest }
                return CountedPrompt(tokens: try await self.tokens(target, text: prompt), source: .engine)
            }
            members.insert(.init("model", .string(target.engineModel)), at: 0)
            return CountedPrompt(
                tokens: try Self.count(try await self.post(target, "/tokenize", members)), source: .engine)
        }
    }

    private func tokens(_ target: Target, text: String) async throws(Refusal) -> Int64 {
        let members: [JSONValue.Member] =
            target.engine.kind == .llamacpp
            ? [.init("content", .string(text)), .init("add_special", .bool(true)), .init("parse_special", .bool(true))]
            : [.init("model", .string(target.engineModel)), .init("prompt", .string(text))]
        return try Self.count(try await self.post(target, "/tokenize", members))
    }

    private static func count(_ answer: JSONValue) throws(Refusal) -> Int64 {
        if let count = answer["count"]?.integer, (0...UsageReading.countMax).contains(count) { return count }
        if let tokens = answer["tokens"]?.array { return Int64(tokens.count) }
        throw .thisRequest
    }

    private func post(
        _ target: Target, _ path: String, _ members: [JSONValue.Member]
    ) async throws(Refusal) -> JSONValue {
        let fetch = EngineFetch(
            engine: target.engine, path: target.engine.url.rootPath + path, body: JSONValue.object(members).encoded,
            timeout: self.timeout)
        // Unreachable, or too slow to wait for it once more.
        guard let answer = try? await self.client.fetch(fetch) else { throw .anyRequest }
        if [404, 405, 501].contains(answer.status) { throw .anyRequest }
        guard (200..<300).contains(answer.status), let value = try? JSONValue(parsing: answer.body) else {
            throw .thisRequest
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
