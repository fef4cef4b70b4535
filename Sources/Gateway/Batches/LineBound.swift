import OpenAIWire
import Pricing
import Quantities
import Routing

/// The most that one batch line may cost.
struct LineBound {
    let pricer: Pricer
    let tier: TierName
    let at: Instant

    /// The highest price under any name by which the line may be charged, with every prompt byte a token that is
    /// written to the cache; zero when the book knows none of the names, since nothing is charged then.
    func most(_ body: LineBody, target: EngineTarget) -> Money {
        let usage = CostBound.usage(body.facts, bodyBytes: body.bytes.count)
        var most = Money.zero
        for name in [body.facts.model, target.engineModel] {
            guard let table = self.pricer.table(names: [name], tier: self.tier, at: self.at),
                let amount = try? table.highestCharge(usage: usage, at: self.at)
            else { continue }
            most = max(most, amount)
        }
        return most
    }
}
