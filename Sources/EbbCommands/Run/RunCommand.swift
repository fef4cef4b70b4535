import ArgumentParser
import ConfigurationYAML
import Gateway
import OpenAIWire
import Quantities
import Routing

/// `ebb run`: one file of prompts, from quote to receipt.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Runs a file of prompts: quote, progress, results, receipt. Resumes where it stopped.",
        discussion: """
            The file has OpenAI batch lines, JSON lines with 'prompt' or 'messages' or, with --template, JSON lines or \
            CSV of any kind. Results are written next to it. Running the same command again resumes a job that was \
            stopped, and never pays twice for a line.

            ebb run prompts.jsonl --engine http://127.0.0.1:8000
            ebb run prompts.jsonl --server http://127.0.0.1:8080
            ebb run reviews.csv --engine http://127.0.0.1:8000 --template 'Classify: {{text}}' --max-tokens 5 --yes

            Exit status: 0 all lines answered, 2 wrong usage or input, 3 some lines failed, 4 cost limit reached, \
            5 engine unreachable, 6 store, 130 interrupted. docs/guides/run.md tells more.
            """)

    @Argument(help: "The file of prompts.")
    var file: String
    @Option(help: "Base URL of an OpenAI-compatible engine. Repeatable.")
    var engine: [String] = []
    @OptionGroup var gateway: ServerOptions
    @Option(help: "Environment variable with the API key of the engines given by --engine.")
    var engineKeyEnv: String?
    @Option(help: "Configuration file (ebb.yaml) with engines and prices.")
    var config: String?
    @Option(help: "The model; NAME=ENGINE_MODEL when the engine knows it by another name.")
    var model: String?
    @Option(help: "Price and time: standard, flex, batch, or a completion window such as 2h, 8h, 24h.")
    var tier = "batch"
    @Option(help: "Dollars that the job may cost at most; it stops before they are exceeded.")
    var maxCost: String?
    @Option(help: "Requests in flight at each engine. Default: as the engine tells, else 8.")
    var concurrency: Int?
    @Option(help: "Path that the names of the results begin with. Default: the file's.")
    var output: String?
    @Option(help: "Data folder. Default ~/.local/share/ebb/run.")
    var data: String?
    @Option(help: "Text of each prompt with fields in double braces: 'Classify: {{text}}'.")
    var template: String?
    @Option(help: "File with the system message.")
    var system: String?
    @Option(help: "Output tokens of a request at most, where it does not say.")
    var maxTokens: Int64?
    @Option(help: "Temperature, where a request does not say.")
    var temperature: String?
    @Option(
        help:
            "KEY=JSON: a body member for requests that lack it: seed=7, stop='[\"END\"]'. Repeatable."
    )
    var param: [String] = []
    @Option(help: "batch, jsonl or csv. Default: by what the file begins with.")
    var format: String?
    @Option(help: "Endpoint, /v1/embeddings for example. Default: as the lines say, else chat completions.")
    var endpoint: String?
    @Option(help: "Seconds after which an engine that cannot be reached ends the job.")
    var engineWait = 60
    @Flag(name: [.customShort("y"), .long], help: "Run without asking.")
    var yes = false
    @Flag(help: "Run a job that is finished once more, and pay again.")
    var again = false
    @Flag(help: "Show the quote and end.")
    var quoteOnly = false
    @Flag(help: "Print quote and receipt as one JSON object.")
    var json = false
    @Flag(help: "Log what happens.")
    var verbose = false

    func run() async throws {
        try await Console.run {
            do {
                let configuration = try self.configured()
                let plan = try self.plan(configuration)
                if self.gateway.server != nil { return try await self.runOnServer(plan, configuration) }
                try await LocalRun.run(
                    plan, configuration: configuration, setups: try self.setups(configuration),
                    aliases: self.alias.map { [$0] } ?? [], data: try RunFolder.choose(self.data))
            } catch let failure as StoreFailure {
                throw CommandFailure("\(failure)", status: ExitStatus.store)
            } catch ServerFailure.file(let what) {
                throw CommandFailure(what, status: ExitStatus.store)
            } catch let failure as GatewayError {
                throw CommandFailure(
                    failure.answer.message, status: failure.source == .store ? ExitStatus.store : ExitStatus.usage)
            }
        }
    }

    private func runOnServer(_ plan: RunPlan, _ configuration: EbbConfiguration) async throws {
        guard self.engine.isEmpty, self.data == nil, self.concurrency == nil, self.alias == nil else {
            throw CommandFailure(
                "--engine, --data, --concurrency and --model NAME=ENGINE_MODEL are for local jobs, not for --server"
            )
        }
        guard ["flex", "standard", "default"].contains(self.tier) == false else {
            throw CommandFailure(
                "a gateway's batches are priced by completion window; use batch or a window with --server")
        }
        let pricer = try GatewayAssembly.pricer(configuration)
        let identity = try JobIdentity(plan)
        try plan.checkOutput()
        try await ServerRun(
            plan: plan, identity: identity, client: try self.gateway.client(), pricer: pricer,
            served: PriceNames.configured(configuration), tokenizers: TokenizerFiles(configuration.models),
            engines: { JobTier.engines(of: $0, configuration) }
        ).run()
    }

    private func configured() throws -> EbbConfiguration {
        var options = EngineOptions()
        options.config = self.config
        options.engine = []
        options.model = []
        var configuration = try options.load()
        configuration.log.level = self.verbose ? .info : .critical
        return configuration
    }

    private func setups(_ configuration: EbbConfiguration) throws -> [EngineSetup] {
        var engines = configuration.engines
        for (index, url) in self.engine.enumerated() {
            var engine = EngineConfiguration(name: EngineID("engine-\(index + 1)"), url: url)
            engine.apiKey = self.engineKeyEnv.map { .environment($0) }
            engines.append(engine)
        }
        guard !engines.isEmpty else {
            throw CommandFailure("no engine: give one with --engine URL, or a configuration with --config")
        }
        if let concurrency {
            guard (1...100_000).contains(concurrency) else { throw CommandFailure("--concurrency is 1 to 100000") }
            for index in engines.indices { engines[index].concurrency = concurrency }
        }
        return try engines.map { try EngineSetup($0) }
    }

    /// `--model NAME=ENGINE_MODEL`.
    private var alias: (alias: String, engineModel: String)? {
        guard let model, let equals = model.firstIndex(of: "="), equals != model.startIndex else { return nil }
        return (String(model[..<equals]), String(model[model.index(after: equals)...]))
    }

    private func plan(_ configuration: EbbConfiguration) throws -> RunPlan {
        var plan = RunPlan(
            input: self.file, output: self.output ?? self.file,
            tier: try RunTier(self.tier, windows: configuration.batch.windows))
        plan.settings = try self.settings(configuration)
        if let maxCost {
            guard let amount = try? Money(decimalDollars: maxCost), amount >= .zero else {
                throw CommandFailure("--max-cost '\(maxCost)' is not an amount of dollars such as 1.50")
            }
            plan.maxCost = amount
        }
        plan.isConfirmed = self.yes
        plan.again = self.again
        plan.quoteOnly = self.quoteOnly
        plan.json = self.json
        guard self.engineWait >= 0 else { throw CommandFailure("--engine-wait is a number of seconds") }
        plan.patience = .seconds(self.engineWait)
        return plan
    }

    private func settings(_ configuration: EbbConfiguration) throws -> InputSettings {
        var settings = InputSettings()
        settings.linesMax = configuration.limits.batchLines
        settings.model = self.alias?.alias ?? self.model
        if let format {
            guard let known = InputFormat(rawValue: format) else {
                throw CommandFailure("--format '\(format)' is not one of batch, jsonl, csv")
            }
            settings.format = known
        }
        if let endpoint {
            guard let known = Endpoint(path: endpoint) else {
                let all = Endpoint.allCases.map(\.path).joined(separator: ", ")
                throw CommandFailure("--endpoint '\(endpoint)' is not one of \(all)")
            }
            settings.endpoint = known
        }
        if let template {
            do throws(PromptTemplateError) { settings.template = try PromptTemplate(template) } catch {
                throw CommandFailure("--template: \(error)")
            }
        }
        if let system { settings.system = try Self.text(system) }
        if let maxTokens {
            guard maxTokens > 0 else { throw CommandFailure("--max-tokens is at least 1") }
            settings.maxTokens = maxTokens
        }
        var parameters = self.param
        if let temperature { parameters.append("temperature=\(temperature)") }
        settings.parameters = try parameters.map { try Self.parameter($0) }
        return settings
    }

    private static func parameter(_ text: String) throws -> JSONValue.Member {
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
            throw CommandFailure("--param '\(text)' is not KEY=JSON")
        }
        let name = String(text[..<equals])
        do throws(JSONError) {
            return JSONValue.Member(name, try JSONValue(parsing: Array(text[text.index(after: equals)...].utf8)))
        } catch {
            throw CommandFailure("the value of '\(name)' is not JSON; a text stands in double quotes: \(name)='\"…\"'")
        }
    }

    private static func text(_ path: String) throws -> String {
        var bytes: [UInt8] = []
        try InputReader(path: path).read { piece in
            bytes.append(contentsOf: piece)
            return bytes.count <= GatewayLimits.bodyBytesMax
        }
        guard bytes.count <= GatewayLimits.bodyBytesMax else { throw CommandFailure("'\(path)' is too long") }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandFailure("'\(path)' is not valid UTF-8")
        }
        return text
    }
}
