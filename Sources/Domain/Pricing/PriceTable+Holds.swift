public import Quantities

// What a hold needs to know before a request runs.
extension PriceTable {
    /// The price of `usage` when all its input is written to the cache, where writing costs more than reading plain.
    ///
    /// An upper bound for requests whose cache writes nobody can foretell (12-hour retention is not assumed).
    public func highestCharge(usage: TokenUsage, at instant: Instant) throws(PricingError) -> Money {
        let plain = try self.charge(usage: usage, at: instant)
        let card = try self.card(self.hours, forInput: usage.input, at: instant).card
        guard card.rates[.cacheWrite] != nil else { return plain }
        var written = usage
        written.cacheWrite = usage.input - usage.cachedInput - usage.cacheWriteLong
        return max(plain, try self.charge(usage: written, at: instant))
    }
}
