package import Quantities

/// Only the amounts of a charge.
package struct ChargeAmounts: Hashable, Sendable {
    package let amount: Money
    /// At the standard tier's price; nil when that tier has no price for the usage.
    package let listAmount: Money?
}

// Whoever prices many usages keeps the table; these are for one.
extension PriceBook {
    /// Prices what one request consumed, meter by meter.
    ///
    /// - Parameters:
    ///   - model: the model that answered, as the answer names it.
    ///   - tier: the tier that served it.
    ///   - at: when the request ran.
    ///   - extras: counts of meters that are not tokens: pieces, characters, seconds, sessions, ...
    package func price(
        _ usage: TokenUsage, model: String, tier: TierName, at instant: Instant, extras: [Meter: Int64] = [:]
    ) throws(PricingError) -> PricedUsage {
        try self.resolve(model, tier: tier, at: instant).price(usage, at: instant, extras: extras)
    }

    /// Prices tokens without a breakdown; the same amounts as `price`.
    package func amounts(
        _ usage: TokenUsage, model: String, tier: TierName, at instant: Instant
    ) throws(PricingError) -> ChargeAmounts {
        let table = try self.resolve(model, tier: tier, at: instant)
        return ChargeAmounts(
            amount: try table.charge(usage: usage, at: instant),
            listAmount: try table.listAmount(usage: usage, at: instant))
    }
}
