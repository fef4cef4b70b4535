import ConfigurationYAML
import Gateway
import Quantities
import Routing

/// The tier by which a gateway charges the answers of a job, as far as this side knows who serves it.
struct JobTier {
    /// What a configuration says about the engines of a model.
    enum Engines { case own, bought, unknown }

    let tier: TierName
    let engines: Engines

    /// - Parameter answered: the tier that an answer names. Engines of one's own are not asked for any.
    func charged(_ answered: String?) -> TierName {
        let named = answered.flatMap { TierName(answered: $0) }
        return switch self.engines {
        case .own: self.tier
        case .bought: named ?? .standard
        case .unknown: named ?? self.tier
        }
    }

    /// Those of a model by a configuration, without asking any. What it does not say of one of them is unknown.
    static func engines(of model: String, _ configuration: EbbConfiguration) -> Engines {
        let named = configuration.models.filter { $0.name == model }.flatMap(\.targets).map(\.engine)
        let engines = configuration.engines.filter { engine in
            named.contains(engine.name) || engine.models?.contains { $0.name == model } == true
        }
        let kinds = engines.map { EngineKind(rawValue: $0.kind.rawValue) }
        if kinds.isEmpty { return .unknown }
        if kinds.allSatisfy({ $0?.isOwned == true }) { return .own }
        return kinds.allSatisfy { $0?.isOwned == false } ? .bought : .unknown
    }
}
