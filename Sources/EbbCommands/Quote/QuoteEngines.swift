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
    func counter(source: PriceSource, fallback: LocalPromptCounter) async -> EngineTokenizer {
        let discovery = EngineDiscovery(client: self.client)
        var targets: [String: EngineTokenizer.Target] = [:]
        var engines: [EngineID: Engine] = [:]
        for var setup in self.setups {
            let report = await discovery.report(setup.engine, kind: setup.kind)
            guard report.isReachable else {
                Console.error("ebb: engine \(setup.engine.id) does not answer; its models are counted here")
                continue
            }
            setup.learn(report)
            engines[setup.engine.id] = setup.engine
            for name in report.models where targets[name] == nil {
                targets[name] = .init(engine: setup.engine, engineModel: name)
            }
        }
        for model in source.configuration.models {
            guard let target = model.targets.first(where: { engines[$0.engine] != nil }),
                let engine = engines[target.engine]
            else { continue }
            targets[model.name] = .init(engine: engine, engineModel: target.engineModel)
        }
        return EngineTokenizer(client: self.client, targets: targets, fallback: fallback)
    }

    func shutdown() async { await self.client.shutdown() }
}
