import Logging
import Pricing
import Quantities
import Synchronization

/// Tells an operator, once for each model and tier, that work is served without a price although its model has prices
/// in other tiers: the ledger is right to say `unpriced`, but somebody should hear of it.
final class UnpricedNotices: Sendable {
    private struct Pair: Hashable {
        let model: String
        let tier: TierName
    }

    private let told = Mutex<Set<Pair>>([])

    func note(_ price: Pricer.Price, _ logger: Logger) {
        guard case .unpriced(.tierNotOffered(let model, let tier))? = price.reason else { return }
        let isNews = self.told.withLock { told in
            told.count < Pricer.tablesMax && told.insert(Pair(model: model, tier: tier)).inserted
        }
        guard isNews else { return }
        logger.warning(
            """
            served without a price: the model has prices, but none in this tier; give it one under prices, or the tier \
            a price_as under tiers
            """,
            metadata: ["model": "\(model)", "tier": "\(tier)"])
    }
}
