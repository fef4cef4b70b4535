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
        var setups = try source.configuration.engines.map { try EngineSetup($0, needsSecrets: false) }
        for (index, url) in urls.enumerated() {
            setups.append(try EngineSetup(.init(name: EngineID("engine-\(index + 1)"), url: url)))
        }
        self.setups = setups
        var access: [EngineID: HTTPEngineClient.Access] = [:]
        for setup in setups { access[setup.engine.id] = setup.access }
        self.client = HTTPEngineClient(group: MultiThreadedEventLoopGroup.singleton, access: access)
    }

    /// What the engines serve.
    struct Answer {
        let table: RoutingTable
        let reports: [EngineReport]
        /// Engines whose keys are not known here.
        let unasked: [EngineSetup]
        /// Engines that send a bill, as configured or found out.
        let bought: Set<EngineID>
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
        let unasked = self.setups.filter { $0.missingSecret != nil }
        for setup in unasked where setup.couldTell(source.configuration.models) {
            Console.error(
                "ebb: engine \(setup.engine.id) is not asked, as its key is missing (\(setup.missingSecret ?? "")); "
                    + "prompts of its models are counted here")
        }
        let reports = catalog.allReports
        let bought = self.setups.filter { setup in
            let found = reports.first { $0.engine == setup.engine.id && $0.isReachable }?.kind
            return (setup.kind ?? found)?.isOwned == false
        }
        return Answer(
            table: directory.table, reports: reports, unasked: unasked, bought: Set(bought.map(\.engine.id)))
    }

    /// Each engine with its models and their prices.
    static func quoted(_ answer: Answer, pricer: Pricer, at moment: Instant) -> [QuoteEngine] {
        var engines = answer.reports.map { report in
            var engine = QuoteEngine(id: report.engine, url: report.url)
            if !report.isReachable { engine.problem = "does not answer" }
            return engine
        }
        for setup in answer.unasked {
            var engine = QuoteEngine(id: setup.engine.id, url: setup.configuration.url)
            engine.problem = "not asked: its key is missing"
            engines.append(engine)
        }
        for index in engines.indices {
            for (alias, targets) in answer.table.aliases {
                guard let target = targets.first(where: { $0.engine == engines[index].id }) else { continue }
                let name = pricer.priceName([target.engineModel, alias], at: moment)
                engines[index].targets[alias] = .init(
                    engineModel: target.engineModel, priceName: name ?? target.engineModel,
                    isBought: answer.bought.contains(engines[index].id))
            }
        }
        return engines.sorted { $0.id < $1.id }
    }

    func shutdown() async { await self.client.shutdown() }
}

extension EngineSetup {
    /// Whether the engine could tell more than the configuration does: which models it has, or how long prompts are.
    fileprivate func couldTell(_ models: [ModelConfiguration]) -> Bool {
        let isListed =
            self.configuration.models != nil
            || models.contains { $0.targets.contains { $0.engine == self.engine.id } }
        return !isListed || self.kind.map { EngineTokenizer.canCount($0) } ?? true
    }
}
