import ConfigurationYAML
import EngineHTTP
import Gateway
import NIOPosix
import Quantities
import Routing

/// The engines that can count prompts for a quote.
struct QuoteEngines {
    private let setups: [EngineSetup]
    private let client: HTTPEngineClient

    /// Engines of the configuration and of `urls`.
    init(source: PriceSource, urls: [String]) throws {
        var setups = try source.configuration.engines.map { try EngineSetup($0) }
        for (index, url) in urls.enumerated() {
            setups.append(try EngineSetup(.init(name: EngineID("engine-\(index + 1)"), url: url)))
        }
        self.setups = setups
        var access: [EngineID: HTTPEngineClient.Access] = [:]
        for setup in setups { access[setup.engine.id] = setup.access }
        do {
            self.client = try HTTPEngineClient(group: MultiThreadedEventLoopGroup.singleton, access: access)
        } catch {
            throw CommandFailure("the engines cannot be reached: \(error)")
        }
    }

    /// What the engines serve.
    struct Answer {
        let table: RoutingTable
        let reports: [EngineReport]
    }

    /// Counts with those engines that have a tokenizer.
    func counter(_ answer: Answer, fallback: LocalPromptCounter) -> EngineTokenizer {
        EngineTokenizer(client: self.client, table: answer.table, fallback: fallback)
    }

    /// Asks every engine what it serves.
    func ask(source: PriceSource) async throws -> Answer {
        let directory = EngineDirectory(table: .empty)
        var log = LogConfiguration()
        log.level = .critical
        let catalog = EngineCatalog(
            setups: self.setups, models: source.configuration.models, aliases: [], client: self.client,
            directory: directory,
            engines: BatchEngines(
                scheduler: WorkScheduler(directory: directory, clock: SystemClock(), logger: Logs.make(log)),
                clock: SystemClock(), linesMax: 1),
            logger: Logs.make(log))
        try await catalog.refresh()
        for report in catalog.allReports where !report.isReachable {
            Console.error("ebb: engine \(report.engine) does not answer; its models are counted here")
        }
        return Answer(table: directory.table, reports: catalog.allReports)
    }

    /// Each engine with its models and their prices.
    static func quoted(_ answer: Answer, pricer: Pricer, at moment: Instant) -> [QuoteEngine] {
        answer.reports.map { report in
            var engine = QuoteEngine(id: report.engine, url: report.url)
            if !report.isReachable { engine.problem = "does not answer" }
            for (alias, targets) in answer.table.aliases {
                guard let target = targets.first(where: { $0.engine == report.engine }) else { continue }
                let name = pricer.priceName([target.engineModel, alias], at: moment)
                engine.targets[alias] = .init(engineModel: target.engineModel, priceName: name ?? target.engineModel)
            }
            return engine
        }
    }

    func shutdown() async { await self.client.shutdown() }
}
