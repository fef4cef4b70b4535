import ConfigurationYAML
import Gateway
import Quantities
import Routing

/// The names under which the models that requests name have their prices, as the ledger will look them up: the model of
/// the engine that answers, unless the alias is priced as another one.
enum PriceNames {
    static func of(_ table: RoutingTable, pricer: Pricer, at moment: Instant) -> [String: String] {
        Self.of(table.aliases.mapValues { $0.map(\.engineModel) }, pricer: pricer, at: moment)
    }

    /// - Parameter served: engines' names of each alias, in order of preference.
    static func of(_ served: [String: [String]], pricer: Pricer, at moment: Instant) -> [String: String] {
        var names: [String: String] = [:]
        for (alias, models) in served {
            names[alias] = models.lazy.compactMap { pricer.priceName([$0, alias], at: moment) }.first
        }
        return names
    }

    /// How the engines that serve each alias charge for a job.
    static func servings(
        _ table: RoutingTable, pricer: Pricer, at moment: Instant, isBought: (EngineID) -> Bool
    ) -> [String: [QuoteServing]] {
        var servings: [String: [QuoteServing]] = [:]
        for (alias, targets) in table.aliases {
            servings[alias] = targets.map { target in
                let name = pricer.priceName([target.engineModel, alias], at: moment)
                return QuoteServing(priceName: name ?? target.engineModel, isBought: isBought(target.engine))
            }
        }
        return servings
    }

    /// What a configuration says about who serves a name, without asking any engine.
    static func configured(_ configuration: EbbConfiguration) -> [String: [String]] {
        var served: [String: [String]] = [:]
        for model in configuration.models {
            served[model.name] = model.targets.isEmpty ? [model.name] : model.targets.map(\.engineModel)
        }
        for model in configuration.engines.flatMap({ $0.models ?? [] }) {
            served[model.name, default: []].append(model.engineModel)
        }
        return served
    }
}
