import ArgumentParser
import ConfigurationYAML
package import Gateway
package import Quantities
import Scheduling

/// `ebb quote`: what a file of requests will cost, before anything runs.
struct QuoteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quote",
        abstract: "Foretell the price of a file of requests in every tier.",
        discussion: """
            Reads a batch file (or one request body a line) and prints for each model and tier the least, the expected \
            and the highest price. CSV with a column 'prompt', or rows of any kind with --template, are read as 'ebb \
            run' reads them. The file is read as a stream; nothing is sent anywhere, except to the tokenizers of \
            engines that --engine or --config name.

            Prompts are counted by their engine, else with the tokenizer.json that --config names for the model, else \
            with its published encoding, else by bytes. They are exact where the framing is known too, else marked as \
            estimates with the reason. Output: at least 1 token an answer; expected is the mean of past answers of \
            the model in the data folder, without any \(QuoteJob.expectedOutputDefault) tokens, never more than the \
            request's limit; at most the limit of the request, without one the model's limit in --config or \
            \(QuoteJob.outputMaxDefault) tokens. A tier without a price says so; it is never another tier's price.

            Examples:
              ebb quote requests.jsonl
              ebb quote requests.jsonl --model gpt-5-mini --model gpt-4.1-nano --tier batch
              ebb quote reviews.csv --template 'Classify: {{text}}' --model gpt-5-mini
              ebb quote requests.jsonl --engine http://127.0.0.1:8000 --config ebb.yaml
              ebb quote requests.jsonl --at 2026-11-23T01:30:00Z --json

            Exit status: 0, 2 when the file or a line of it cannot be used, 6 when the folder of --data cannot.
            """)

    @Argument(help: "A batch file, request bodies one a line, or CSV; - is standard input.", completion: .file())
    var file: String

    @Flag(help: "Print one JSON object.")
    var json = false

    @Option(help: "Quote for this model instead of the ones in the file. Repeatable.")
    var model: [String] = []

    @Option(
        help: "Quote for this tier or window; several with commas. Repeatable (default: all with a price).")
    var tier: [String] = []

    @Option(help: "Text of each prompt with fields in double braces: 'Classify: {{text}}'.")
    var template: String?

    @Option(help: "Base URL of an engine to quote; it counts prompts of its models. Repeatable.")
    var engine: [String] = []

    @Option(help: "Configuration file (ebb.yaml): engines, models and prices.", completion: .file())
    var config: String?

    @Option(help: "A price book that lies over the shipped one. Repeatable.", completion: .file())
    var prices: [String] = []

    @Option(help: "The moment whose prices apply, for example 2026-11-21T09:00:00Z (default: now).")
    var at: MomentOption?

    @Option(help: "A folder with vocabulary files.", completion: .directory)
    var vocabularies: String?

    @Option(
        help: "Data folder with past answers; a server may be using it (default: that of 'ebb run', if it is there).",
        completion: .directory)
    var data: String?

    func run() async throws {
        try await Console.run {
            let source = try PriceSource(configuration: self.config, prices: self.prices)
            let shelf = Vocabularies.standard(option: self.vocabularies)
            let local = LocalPromptCounter(
                encoders: shelf, tokenizers: TokenizerFiles(source.configuration.models))
            let file = try ByteInput(path: self.file)
            var input = QuoteInput(file, settings: try self.inputSettings())
            var settings = source.quoteSettings(at: self.at?.instant ?? SystemClock().now)
            settings.models = self.model
            settings.tiers = self.tier.isEmpty ? nil : try KnownTiers(source).read(self.tier)
            let past = try PastAnswers(self.data)
            var report: QuoteReport
            do {
                report = try await self.report(source, settings, local, past) { try input.next() }
            } catch {
                await past.close()
                throw error
            }
            await past.close()
            for index in report.invalidLines.indices {
                report.invalidLines[index].line = input.line(report.invalidLines[index].line)
            }
            try self.show(report, file.name)
            if let note = shelf.note { Console.error("ebb: \(note)") }
            if report.invalidCount > 0 || report.lines == 0 { throw ExitCode(ExitStatus.usage) }
        }
    }

    /// How rows that are no requests become some.
    private func inputSettings() throws(CommandFailure) -> InputSettings {
        var settings = InputSettings()
        settings.linesMax = .max
        settings.model = self.model.first
        if let template {
            do throws(PromptTemplateError) { settings.template = try PromptTemplate(template) } catch {
                throw CommandFailure("--template: \(error)")
            }
        }
        return settings
    }

    /// The quote, with the engines' tokenizers where engines are known.
    private func report(
        _ source: PriceSource, _ settings: QuoteJob.Settings, _ local: LocalPromptCounter, _ past: PastAnswers,
        _ next: () throws -> [UInt8]
    ) async throws -> QuoteReport {
        var settings = settings
        if self.engine.isEmpty && source.configuration.engines.isEmpty {
            settings.width = Processors.online
            let job = QuoteJob(book: source.book, counter: local, ledger: past.ledger, settings: settings)
            return try await job.run(next)
        }
        settings.width = EngineTokenizer.width
        let engines = try QuoteEngines(source: source, urls: self.engine)
        let answer = try await engines.ask(source: source)
        let pricer = Pricer(
            book: source.book, pricedAs: source.priceNames, tiersPricedAs: source.configuration.tiers.pricedAs)
        settings.priceNames.merge(PriceNames.of(answer.table, pricer: pricer, at: settings.at)) { $1 }
        settings.servings = PriceNames.servings(answer.table, pricer: pricer, at: settings.at) {
            answer.bought.contains($0)
        }
        settings.engines = QuoteEngines.quoted(answer, pricer: pricer, at: settings.at)
        let counter = engines.counter(answer, fallback: local)
        let job = QuoteJob(book: source.book, counter: counter, ledger: past.ledger, settings: settings)
        let report = try await job.run(next)
        await engines.shutdown()
        return report
    }

    private func show(_ report: QuoteReport, _ name: String) throws {
        let output = ByteOutput()
        if self.json {
            try output.write(report.object + [UInt8(ascii: "\n")])
        } else if report.lines > 0 {
            try output.write(QuoteTable.render(report))
        }
        try output.flush()
        if report.lines == 0 { Console.error("ebb: \(name) is empty: it holds no requests") }
        for line in report.invalidLines { Console.error("\(name):\(line.line): \(line.code): \(line.message)") }
        let unnamed = report.invalidCount - Int64(report.invalidLines.count)
        if unnamed > 0 { Console.error("\(name): and \(Figures.count(unnamed, "more line"))") }
        if self.model.isEmpty, report.invalidLines.contains(where: \.lacksModel) {
            Console.error("ebb: --model NAME quotes for a model that the lines do not name")
        }
    }
}

extension PriceSource {
    /// What the configuration says about quotes.
    package func quoteSettings(at moment: Instant) -> QuoteJob.Settings {
        var settings = QuoteJob.Settings(at: moment)
        settings.priceNames = self.priceNames
        settings.tiersPricedAs = self.configuration.tiers.pricedAs
        settings.windows = self.configuration.batch.windows.map {
            .init(window: $0.window, tier: self.configuration.tiers.pricedAs[$0.tier] ?? $0.tier)
        }
        for model in self.configuration.models {
            if let limit = model.defaultMaxOutput { settings.outputMax[model.name] = limit }
        }
        return settings
    }
}
