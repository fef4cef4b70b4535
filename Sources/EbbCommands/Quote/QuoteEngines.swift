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

    /// Asks every engine what it serves and gives a counter that uses those with a tokenizer.
    func counter(source: PriceSource, fallback: LocalPromptCounter) async throws -> EngineTokenizer {
        let directory = EngineDirectory(table: .empty)
        var log = LogConfiguration()
        log.level = .critical
        let catalog = EngineCatalog(
            setups: self.setups, models: source.configuration.models, aliases: [], client: self.client,
            directory: directory, engines: BatchEngines(directory: directory, clock: SystemClock(), linesMax: 1),
            logger: Logs.make(log))
        try await catalog.refresh()
        for report in catalog.allReports where !report.isReachable {
            Console.error("ebb: engine \(report.engine) does not answer; its models are counted here")
        }
        return EngineTokenizer(client: self.client, table: directory.table, fallback: fallback)
    }

    func shutdown() async { await self.client.shutdown() }
}
