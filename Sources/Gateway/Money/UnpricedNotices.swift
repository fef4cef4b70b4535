import Logging
import Pricing
import Quantities
import Synchronization

/// Tells an operator, once for each reason, that work is served without a price although its model has prices: the
/// ledger is right to say `unpriced`, but somebody should hear of it.
final class UnpricedNotices: Sendable {
    private let told = Mutex<Set<PricingError>>([])

    func note(_ price: Pricer.Price, _ logger: Logger) {
        guard let reason = price.reason, let kind = Self.kind(reason) else { return }
        let isNews = self.told.withLock { $0.count < Pricer.tablesMax && $0.insert(kind).inserted }
        guard isNews else { return }
        guard case .unpriced(.tierNotOffered(let model, let tier)) = reason else {
            return logger.warning(
                "served without a price although the model has prices", metadata: ["reason": "\(reason.explanation)"])
        }
        logger.warning(
            """
            served without a price: the model has prices, but none in this tier; give it one under prices, or the tier \
            a price_as under tiers
            """,
            metadata: ["model": "\(model)", "tier": "\(tier)"])
    }

    /// What is told once; nil for a model without any price.
    private static func kind(_ reason: PricingError) -> PricingError? {
        switch reason {
        case .unpriced(.unknownModel): nil
        case .unpriced(.noPriceThen(let model, _)):
            .unpriced(.noPriceThen(model: model, at: Instant(nanoseconds: 0)))
        default: reason
        }
    }
}

extension PricingError {
    fileprivate var explanation: String {
        switch self {
        case .unpriced(let unpriced): unpriced.description
        case .inconsistentUsage(let text): "the usage contradicts itself: \(text)"
        case .overflow: "the usage is too large to be true"
        }
    }
}
