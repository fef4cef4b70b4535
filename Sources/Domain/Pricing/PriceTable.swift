public import Quantities

/// What one model costs in one tier during one period: the thing to keep between requests.
///
/// Valid for `validFrom <= at < validTo`; outside ask the book again. A charge allocates nothing.
public struct PriceTable: Sendable {
    /// The bands of one window, rising: the card that holds above a threshold, nil where there is no price.
    struct Bands: Sendable {
        struct Band: Sendable {
            let above: Int64
            let card: RateCard?
        }
        let base: RateCard?
        let above: [Band]

        /// The last band with `input > above`, or the base card.
        func card(forInput input: Int64) -> (card: RateCard?, above: Int64?) {
            var index = self.above.count
            while index > 0 {
                index -= 1
                if input > self.above[index].above { return (self.above[index].card, self.above[index].above) }
            }
            return (self.base, nil)
        }
    }

    /// The bands at any time, and those within schedules.
    struct Hours: Sendable {
        struct Window: Sendable {
            let schedule: PriceSchedule
            let bands: Bands
        }
        let base: Bands
        let windows: [Window]

        func bands(at instant: Instant) -> (bands: Bands, window: String?) {
            for window in self.windows where window.schedule.contains(instant) {
                return (window.bands, window.schedule.name)
            }
            return (self.base, nil)
        }
    }

    public let provider: String
    /// The name that the book prices; may differ from the name asked for (aliases, dated snapshots).
    public let model: String
    public let tier: TierName
    public let validFrom: Instant
    public let validTo: Instant
    /// Names the exact set of rates: provider, model, start of the period and a fingerprint of all its figures.
    public let priceVersion: String
    let hours: Hours
    /// The standard tier's rates, for list amounts.
    let list: Hours?

    /// Whether this table still holds at `instant`.
    public func covers(_ instant: Instant) -> Bool { self.validFrom <= instant && instant < self.validTo }

    /// The price of `usage` in picodollar-exact money, rounded once, half to even.
    ///
    /// - Parameters:
    ///   - inputForBand: the input tokens that choose the context band; all input tokens when nil, cached and
    ///     cache-write tokens included.
    ///   - at: when the request ran; it chooses the window. Must be covered by this table.
    public func charge(
        usage: TokenUsage, inputForBand: Int64? = nil, at instant: Instant
    ) throws(PricingError) -> Money {
        try self.amount(self.hours, usage, inputForBand ?? usage.input, instant)
    }

    /// The same usage at the standard tier's price; nil when the standard tier has no price for it.
    public func listAmount(
        usage: TokenUsage, inputForBand: Int64? = nil, at instant: Instant
    ) throws(PricingError) -> Money? {
        guard let list = self.list else { return nil }
        do {
            return try self.amount(list, usage, inputForBand ?? usage.input, instant)
        } catch .unpriced {
            return nil
        }
    }

    /// The rates that apply to a request of `input` tokens, fallbacks included; what is absent has no price.
    package func rates(forInput input: Int64 = 0, at instant: Instant) throws(PricingError) -> [Meter: Rate] {
        try self.card(self.hours, forInput: input, at: instant).card.rates
    }

    private func amount(
        _ hours: Hours, _ usage: TokenUsage, _ input: Int64, _ instant: Instant
    ) throws(PricingError) -> Money {
        let card = try self.card(hours, forInput: input, at: instant).card
        let split = try UsageSplit(
            usage, reasoningApart: card.reasoningApart, imageApart: card.imageApart, plainOutput: card.plainOutput)
        do {
            return Money(picodollars: try card.picodollars(split))
        } catch {
            throw .unpriced(.meter(error.meter, model: self.model, tier: self.tier))
        }
    }

    /// The card for a request, with the names of what chose it.
    func card(
        _ hours: Hours, forInput input: Int64, at instant: Instant
    ) throws(PricingError) -> (card: RateCard, above: Int64?, window: String?) {
        guard self.covers(instant) else { throw .unpriced(.noPriceThen(model: self.model, at: instant)) }
        let (bands, window) = hours.bands(at: instant)
        let (card, above) = bands.card(forInput: input)
        guard let card else {
            throw .unpriced(.contextBand(model: self.model, tier: self.tier, above: above ?? 0))
        }
        return (card, above, window)
    }
}
