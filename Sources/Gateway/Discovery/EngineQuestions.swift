import OpenAIWire
import Routing

/// An engine's list of models, and who signed it.
struct ModelList {
    let names: [String]
    let kind: EngineKind?

    /// nil when the body is no such list.
    init?(_ body: [UInt8]) {
        guard let data = try? JSONValue(parsing: body)["data"]?.array else { return nil }
        self.names = data.compactMap { $0["id"]?.string }
        self.kind = data.first?["owned_by"]?.string.flatMap { Self.kind(owner: $0) }
    }

    /// Engines sign their model lists; those of paid hosts name the model's maker.
    private static func kind(owner: String) -> EngineKind? {
        switch owner {
        case "vllm": .vllm
        case "llamacpp": .llamacpp
        case "sglang": .sglang
        case "library": .ollama
        case "simulated": .simulated
        default: nil
        }
    }
}

/// The single questions of discovery. Endpoints count as there only when they have given a right answer: a gateway in
/// front of an engine may answer every path with 200 and a page of HTML.
struct EngineQuestions {
    /// Models asked for what they can do, where that is one question each.
    static let modelsAskedMax = 8
    /// What the tokenizer is asked to count.
    static let tokenizerText = "Hello, world"

    let client: any EngineClient
    let engine: Engine

    private var root: String { self.engine.url.rootPath }

    func ask(
        _ path: String, body: [UInt8]? = nil, timeout: Duration = EngineDiscovery.questionTimeout
    ) async -> Result<EngineFetchAnswer, EngineFailure> {
        do throws(EngineFailure) {
            return .success(
                try await self.client.fetch(
                    EngineFetch(engine: self.engine, path: path, body: body, timeout: timeout)))
        } catch {
            return .failure(error)
        }
    }

    /// The JSON object below the engine's root; nil for everything else.
    func json(_ path: String, body: [UInt8]? = nil) async -> JSONValue? {
        guard case .success(let answer) = await self.ask(self.root + path, body: body),
            let value = try? JSONValue(parsing: answer.body), value.kind == .object
        else { return nil }
        return value
    }

    func models() async -> Result<ModelList?, EngineFailure> {
        await self.ask(self.engine.url.pathPrefix + "/models").map { ModelList($0.body) }
    }

    /// Where the list is not signed, an endpoint that only one kind has decides.
    func guessKind() async -> EngineKind? {
        if await self.json("/props")?["total_slots"]?.integer != nil { return .llamacpp }
        if await self.serverInformation()?["model_path"]?.string != nil { return .sglang }
        if await self.json("/api/tags")?["models"]?.array != nil { return .ollama }
        if let text = await self.metricsText(), text.contains("vllm:") { return .vllm }
        return nil
    }

    /// SGLang's settings, under the present or the earlier name of the endpoint.
    func serverInformation() async -> JSONValue? {
        if let value = await self.json("/get_server_info") { return value }
        return await self.json("/server_info")
    }

    /// Has a short text counted. - Returns: the path that did it.
    func tokenizer(_ kind: EngineKind, model: String?) async -> String? {
        var members: [JSONValue.Member] = []
        switch kind {
        case .llamacpp:
            members = [.init("content", .string(Self.tokenizerText))]
        case .vllm, .sglang, .simulated:
            if let model { members.append(.init("model", .string(model))) }
            members.append(.init("prompt", .string(Self.tokenizerText)))
        case .openai, .ollama:
            return nil
        }
        let answer = await self.json("/tokenize", body: JSONValue.object(members).encoded)
        guard let tokens = answer?["tokens"]?.array, !tokens.isEmpty else { return nil }
        return self.root + "/tokenize"
    }

    /// - Returns: the path, when it gives metrics in Prometheus' text format.
    func metrics() async -> String? {
        guard let text = await self.metricsText(), text.contains("# TYPE ") else { return nil }
        return self.root + "/metrics"
    }

    private func metricsText() async -> String? {
        guard case .success(let answer) = await self.ask(self.root + "/metrics") else { return nil }
        return String(decoding: answer.body.prefix(65_536), as: UTF8.self)
    }

    /// Ollama tells what each model can do: true when one of the first models calls tools, false when none does.
    func ollamaTools(models: [String]) async -> Bool? {
        var isKnown = false
        for model in models.prefix(Self.modelsAskedMax) {
            let body = JSONValue.object([.init("model", .string(model))]).encoded
            guard let abilities = await self.json("/api/show", body: body)?["capabilities"]?.array else { continue }
            if abilities.contains(where: { $0.string == "tools" }) { return true }
            isKnown = true
        }
        return isKnown ? false : nil
    }
}
