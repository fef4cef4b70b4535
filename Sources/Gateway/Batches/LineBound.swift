import OpenAIWire
import Quantities
import Routing

/// The most that one batch line may cost.
struct LineBound {
    let pricer: Pricer
    /// Those that may be charged.
    let tiers: [TierName]
    let at: Instant

    /// Zero when the book has no price under any name, since nothing is charged then.
    func most(_ body: LineBody, target: EngineTarget) -> Money {
        CostBound(pricer: self.pricer, at: self.at).most(
            body.facts, body: body.bytes, engineModels: [target.engineModel], tiers: self.tiers) ?? .zero
    }
}
