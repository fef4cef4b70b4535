import ConfigurationYAML
import Gateway
import Quantities
import Routing

/// A name that stands for a model which its engine does not list: most likely a slip of the pen, and every request for
/// it fails.
struct UnlistedModel: Hashable, Sendable {
    let engine: EngineID
    /// What clients ask for.
    let name: String
    /// What the engine would be asked for.
    let engineModel: String
    /// The model of the engine that was probably meant.
    let near: String?

    var sentence: String {
        "it does not list '\(self.engineModel)', which '\(self.name)' stands for"
            + (self.near.map { "; did you mean '\($0)'?" } ?? "")
    }

    /// - Parameters:
    ///   - reports: of the engines that were asked; those that did not answer, or list nothing, tell nothing.
    ///   - aliases: names of the command line. They belong to no engine, so one engine that lists the model is enough,
    ///     and one that has not answered yet may be it.
    static func find(
        setups: [EngineSetup], reports: [EngineID: EngineReport], models: [ModelConfiguration],
        aliases: [(alias: String, engineModel: String)]
    ) -> [UnlistedModel] {
        var found: [UnlistedModel] = []
        func add(_ id: EngineID, _ name: String, _ engineModel: String) {
            guard let listed = reports[id]?.models, !listed.isEmpty, !Self.isListed(engineModel, listed) else { return }
            let near = Suggestion.nearest(to: engineModel, among: listed)
            let one = UnlistedModel(engine: id, name: name, engineModel: engineModel, near: near)
            if !found.contains(one) { found.append(one) }
        }
        for setup in setups {
            for model in setup.configuration.models ?? [] { add(setup.engine.id, model.name, model.engineModel) }
        }
        for model in models {
            for target in model.targets { add(target.engine, model.name, target.engineModel) }
        }
        let open = setups.filter { $0.configuration.models == nil }.map(\.engine.id)
        for (alias, engineModel) in aliases {
            let isKnown = open.contains { id in
                guard let report = reports[id], report.isReachable else { return true }
                return report.models.isEmpty || Self.isListed(engineModel, report.models)
            }
            if !isKnown { for id in open { add(id, alias, engineModel) } }
        }
        return found
    }

    /// Ollama lists `llama3:latest` and answers to `llama3`.
    private static func isListed(_ model: String, _ listed: [String]) -> Bool {
        listed.contains(model) || listed.contains(model + ":latest")
    }
}
