import ArgumentParser
import ConfigurationYAML
import EngineHTTP
import Gateway
import NIOPosix
import OpenAIWire
import Quantities
import Routing

/// `ebb engines check`.
struct EnginesCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Asks engines what they are: kind, models, slots, tokenizer, metrics, streaming, tools.",
        discussion: """
            Everything shown was answered by the engine; what it does not tell is shown as '-'. Engines of your own \
            are asked for one token to see whether they stream; paid ones only with --ask-paid. Names that stand for \
            models which their engine does not list are told on standard error. Exit status 5 when no engine can be \
            reached, or none has a list of models.

            ebb engines check --engine http://127.0.0.1:8000
            ebb engines check --config ebb.yaml --json
            """)

    @OptionGroup var engines: EngineOptions

    @Flag(help: "Ask paid engines for one token, too.")
    var askPaid = false

    @Flag(help: "Print one object an engine.")
    var json = false

    /// One engine with what was found out.
    struct Finding: Sendable {
        let setup: EngineSetup
        let report: EngineReport
        let streams: Bool?
        /// The status of an answer that was no list of models; nil when nothing answered.
        let otherStatus: Int?
        /// Names that stand for models which the engine does not list.
        var unlisted: [UnlistedModel] = []
    }

    func run() async throws {
        try await Console.run {
            let configuration = try self.engines.load()
            let aliases = try self.engines.aliases()
            let setups = try self.engines.engines(configuration)
            guard !setups.isEmpty else {
                throw CommandFailure("no engine to check: --engine URL or --config FILE names them")
            }
            var access: [EngineID: HTTPEngineClient.Access] = [:]
            for setup in setups { access[setup.engine.id] = setup.access }
            let client = HTTPEngineClient(group: MultiThreadedEventLoopGroup.singleton, access: access)
            var findings = await Self.findings(setups, client, askPaid: self.askPaid)
            await client.shutdown()
            let reports = Dictionary(findings.map { ($0.report.engine, $0.report) }) { $1 }
            let unlisted = UnlistedModel.find(
                setups: setups, reports: reports, models: configuration.models, aliases: aliases)
            for index in findings.indices {
                findings[index].unlisted = unlisted.filter { $0.engine == findings[index].report.engine }
            }
            if self.json {
                for finding in findings { try StandardOutput.json(finding.json) }
            } else {
                var table = TextTable(Finding.titles)
                try table.print(findings.map(\.row))
                for finding in findings {
                    if let problem = finding.report.problem {
                        Console.error("\(finding.report.engine): \(TextTable.printable(problem))\(finding.advice)")
                    }
                    for one in finding.unlisted {
                        Console.error("\(one.engine): \(TextTable.printable(one.sentence))")
                    }
                }
            }
            if !findings.contains(where: \.report.isReachable) { throw ExitCode(ExitStatus.engineUnreachable) }
        }
    }

    /// All engines at the same time, in the order in which they are configured.
    private static func findings(
        _ setups: [EngineSetup], _ client: HTTPEngineClient, askPaid: Bool
    ) async -> [Finding] {
        let discovery = EngineDiscovery(client: client)
        return await withTaskGroup(of: (Int, Finding).self) { group in
            for (index, setup) in setups.enumerated() {
                group.addTask {
                    let report = await discovery.report(setup.engine, kind: setup.kind)
                    var streams: Bool?
                    if report.isReachable, report.kind.isOwned || askPaid, let model = report.models.first {
                        streams = await discovery.streams(setup.engine, model: model)
                    }
                    let status = report.isReachable ? nil : await Self.otherStatus(setup.engine, client)
                    return (index, Finding(setup: setup, report: report, streams: streams, otherStatus: status))
                }
            }
            var found: [Int: Finding] = [:]
            for await (index, finding) in group { found[index] = finding }
            return setups.indices.compactMap { found[$0] }
        }
    }

    /// What an engine without a list of models answers instead.
    private static func otherStatus(_ engine: Engine, _ client: HTTPEngineClient) async -> Int? {
        do throws(EngineFailure) {
            return try await client.fetch(EngineFetch(engine: engine, path: engine.url.pathPrefix + "/models")).status
        } catch {
            return error.status
        }
    }
}

extension EnginesCheckCommand.Finding {
    static let titles = [
        "ENGINE", "URL", "STATE", "KIND", "#AT ONCE", "STREAMS", "TOOLS", "TOKENIZER", "METRICS", "MODELS",
    ]

    private static func word(_ value: Bool?) -> String { value.map { $0 ? "yes" : "no" } ?? "-" }

    /// Requests in flight at most, and who says so.
    private var concurrency: (count: Int, source: String) {
        if let count = self.setup.configuration.concurrency { return (count, "configured") }
        if let slots = self.report.slots { return (slots, "told by the engine") }
        return (Engine.defaultConcurrency, "default")
    }

    var row: [String] {
        guard self.report.isReachable else {
            let state = self.otherStatus.map { "answers \($0)" } ?? "unreachable"
            return [self.report.engine.text, self.report.url, state, "-", "-", "-", "-", "-", "-", "-"]
        }
        let source = ["configured": " (configured)", "default": " (default)"][self.concurrency.source] ?? ""
        return [
            self.report.engine.text, self.report.url, "ok", self.report.kind.rawValue,
            "\(self.concurrency.count)\(source)", Self.word(self.streams), Self.word(self.report.callsTools),
            self.report.tokenizer ?? "-", self.report.metrics ?? "-",
            self.report.models.isEmpty ? "-" : self.report.models.joined(separator: ", "),
        ]
    }

    /// What may be wrong when something answers that is no engine as it was configured.
    var advice: String {
        guard self.otherStatus != nil else { return "" }
        return " (GET \(self.setup.engine.url.pathPrefix)/models; does an engine with OpenAI's API answer there?)"
    }

    var json: JSONValue {
        func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }
        func bool(_ value: Bool?) -> JSONValue { value.map { .bool($0) } ?? .null }
        let isReachable = self.report.isReachable
        return .object([
            .init("engine", .string(self.report.engine.text)), .init("url", .string(self.report.url)),
            .init("reachable", .bool(isReachable || self.otherStatus != nil)),
            .init("status", self.otherStatus.map { .integer($0) } ?? .null),
            .init("problem", text(self.report.problem)),
            .init("kind", text(isReachable ? self.report.kind.rawValue : nil)),
            .init("models", .array(self.report.models.map { .string($0) })),
            .init(
                "unlisted_models",
                .array(
                    self.unlisted.map {
                        .object([.init("name", .string($0.name)), .init("model", .string($0.engineModel))])
                    })),
            .init("slots", self.report.slots.map { .integer($0) } ?? .null),
            .init("concurrency", .integer(self.concurrency.count)),
            .init("concurrency_source", .string(self.concurrency.source)),
            .init("streams", bool(self.streams)), .init("tools", bool(self.report.callsTools)),
            .init("tokenizer", text(self.report.tokenizer)), .init("metrics", text(self.report.metrics)),
        ])
    }
}
