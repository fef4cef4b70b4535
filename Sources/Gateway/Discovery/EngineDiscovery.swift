import OpenAIWire
public import Routing

/// Asks an engine what it is: models, kind, slots, tokenizer and metrics endpoints.
public struct EngineDiscovery: Sendable {
    /// Questions are small; an engine that needs longer counts as unreachable.
    public static let questionTimeout: Duration = .seconds(5)

    private let client: any EngineClient

    public init(client: any EngineClient) { self.client = client }

    /// - Parameter kind: as configured; nil: found out from the answers.
    public func report(_ engine: Engine, kind: EngineKind?) async -> EngineReport {
        var report = EngineReport(engine: engine.id, url: engine.url.description, kind: kind ?? .openai)
        let root = engine.url.rootPath
        switch await self.ask(engine, engine.url.pathPrefix + "/models") {
        case .failure(let failure):
            report.problem = failure.message
            return report
        case .success(let answer):
            report.isReachable = true
            report.models = Self.modelNames(answer.body)
            if kind == nil { report.kind = Self.kindFromOwners(answer.body) ?? .openai }
        }
        if kind == nil, report.kind == .openai, !engine.url.isTLS {
            report.kind = await self.guess(engine, root: root) ?? .openai
        }
        switch report.kind {
        case .llamacpp:
            report.slots = await self.integer(engine, root + "/props", "total_slots")
            report.tokenizer = root + "/tokenize"
        case .vllm, .simulated:
            report.tokenizer = root + "/tokenize"
        case .openai, .sglang, .ollama:
            break
        }
        if report.kind.isOwned, case .success = await self.ask(engine, root + "/metrics") {
            report.metrics = root + "/metrics"
        }
        return report
    }

    private func ask(_ engine: Engine, _ path: String) async -> Result<EngineFetchAnswer, EngineFailure> {
        do throws(EngineFailure) {
            return .success(
                try await self.client.fetch(EngineFetch(engine: engine, path: path, timeout: Self.questionTimeout)))
        } catch {
            return .failure(error)
        }
    }

    private static func modelNames(_ body: [UInt8]) -> [String] {
        guard let data = try? JSONValue(parsing: body)["data"]?.array else { return [] }
        return data.compactMap { $0["id"]?.string }
    }

    /// Engines sign their model lists.
    private static func kindFromOwners(_ body: [UInt8]) -> EngineKind? {
        guard let data = try? JSONValue(parsing: body)["data"]?.array, let owner = data.first?["owned_by"]?.string else {
            return nil
        }
        switch owner {
        case "vllm": return .vllm
        case "llamacpp": return .llamacpp
        case "sglang": return .sglang
        case "library": return .ollama
        case "simulated", "ebb-simulator": return .simulated
        default: return nil
        }
    }

    /// Where the list is not signed, an endpoint that only one kind has decides.
    private func guess(_ engine: Engine, root: String) async -> EngineKind? {
        if await self.integer(engine, root + "/props", "total_slots") != nil { return .llamacpp }
        if case .success = await self.ask(engine, root + "/get_server_info") { return .sglang }
        if case .success = await self.ask(engine, root + "/api/tags") { return .ollama }
        if case .success(let answer) = await self.ask(engine, root + "/metrics"),
            String(decoding: answer.body.prefix(65_536), as: UTF8.self).contains("vllm:")
        {
            return .vllm
        }
        return nil
    }

    private func integer(_ engine: Engine, _ path: String, _ field: String) async -> Int? {
        guard case .success(let answer) = await self.ask(engine, path),
            let value = try? JSONValue(parsing: answer.body)
        else { return nil }
        return value[field]?.integer.map { Int(clamping: $0) }
    }
}
