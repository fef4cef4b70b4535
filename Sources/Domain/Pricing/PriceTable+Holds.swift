public import Quantities

// What a hold needs to know before a request runs.
extension PriceTable {
    /// The price of `usage` when all its input is written to the cache, where writing costs more than reading plain.
    ///
    /// An upper bound for requests whose cache writes nobody can foretell (12-hour retention is not assumed).
    public func highestCharge(usage: TokenUsage, at instant: Instant) throws(PricingError) -> Money {
        Money(picodollars: try self.highestExact(usage, at: instant).exact.roundedHalfEven)
    }

    /// The most that a request of at most these tokens can cost, whatever kinds of tokens they turn out to be: written
    /// to a cache for hours, audio, images, reasoning.
    ///
    /// Every context band that the input can end in counts, since the dearest need not be the highest, and the highest
    /// may have no price.
    public func ceiling(input: Int64, output: Int64, at instant: Instant) throws(PricingError) -> Money {
        guard self.covers(instant) else { throw .unpriced(.noPriceThen(model: self.model, at: instant)) }
        guard input >= 0, output >= 0 else { throw .inconsistentUsage("a token count is negative") }
        guard max(input, output) <= UsageSplit.countMax else { throw .overflow }
        let bands = self.hours.bands(at: instant).bands
        var most: Money?
        var missing = Unpriced.contextBand(model: self.model, tier: self.tier, above: bands.above.last?.above ?? 0)
        for (inputMax, card) in bands.reached(byInput: input) {
            guard let card else { continue }
            do throws(PricingError) {
                most = max(most ?? .zero, try self.ceiling(card, input: min(input, inputMax), output: output))
            } catch {
                guard case .unpriced(let reason) = error else { throw error }
                missing = reason
            }
        }
        guard let most else { throw .unpriced(missing) }
        return most
    }

    private func ceiling(_ card: RateCard, input: Int64, output: Int64) throws(PricingError) -> Money {
        let parts = [
            try self.dearest(card, .input, of: Self.inputMeters, count: input),
            try self.dearest(card, .output, of: Self.outputMeters, count: output),
        ]
        do throws(QuantityError) {
            var sum = Fraction.zero
            for case let (rate, count)? in parts {
                sum = try sum.adding(rate.fraction.multiplied(by: Fraction(whole: Int128(count))))
            }
            return Money(picodollars: sum.roundedHalfEven)
        } catch {
            throw .overflow
        }
    }

    /// The highest of the rates by which `count` tokens can be charged; nil for no tokens.
    private func dearest(
        _ card: RateCard, _ main: Meter, of meters: [Meter], count: Int64
    ) throws(PricingError) -> (rate: Rate, count: Int64)? {
        if count == 0 { return nil }
        guard card.rates[main] != nil, let rate = meters.compactMap({ card.rates[$0] }).max(by: Rate.isCheaper)
        else { throw .unpriced(.meter(main, model: self.model, tier: self.tier)) }
        return (rate, count)
    }

    private static let inputMeters: [Meter] = [
        .input, .cachedInput, .cacheWrite, .cacheWriteLong, .audioInput, .cachedAudioInput, .imageInput,
    ]
    private static let outputMeters: [Meter] = [.output, .reasoningOutput, .audioOutput, .imageOutput]

    /// The most output tokens that `budget` pays for after a prompt of `input` tokens, at the highest charge.
    ///
    /// Whatever text a request with this limit produces, its charge does not exceed `budget`. Nil when the prompt
    /// alone can cost more than the budget; `UsageSplit`'s limit of 2^50 when output is free.
    public func affordableOutput(
        input: Int64, within budget: Money, at instant: Instant
    ) throws(PricingError) -> Int64? {
        let (prompt, card) = try self.highestExact(TokenUsage(input: input), at: instant)
        guard let rate = [card.rates[.output], card.rates[.reasoningOutput]].compactMap(\.self).max(by: Rate.isCheaper)
        else { throw .unpriced(.meter(.output, model: self.model, tier: self.tier)) }
        do throws(QuantityError) {
            let rest = try Fraction(whole: budget.picodollars).adding(
                Fraction(-prompt.numerator, over: prompt.denominator))
            guard rest.numerator >= 0 else { return nil }
            guard rate.picodollars > 0 else { return UsageSplit.countMax }
            let perToken = try Fraction(Int128(rate.quantity), over: Int128(rate.picodollars))
            let tokens = try rest.multiplied(by: perToken)
            return Int64(min(tokens.numerator / tokens.denominator, Int128(UsageSplit.countMax)))
        } catch {
            throw .overflow
        }
    }

    private func highestExact(
        _ usage: TokenUsage, at instant: Instant
    ) throws(PricingError) -> (exact: Fraction, card: RateCard) {
        let card = try self.card(self.hours, forInput: usage.input, at: instant).card
        let plain = try self.exact(card, usage)
        guard card.rates[.cacheWrite] != nil else { return (plain, card) }
        var written = usage
        written.cacheWrite = usage.input - usage.cachedInput - usage.cacheWriteLong
        let highest = try self.exact(card, written)
        return (Fraction.isLess(plain, highest) ? highest : plain, card)
    }

    private func exact(_ card: RateCard, _ usage: TokenUsage) throws(PricingError) -> Fraction {
        let split = try UsageSplit(usage, reasoningApart: card.reasoningApart, imageApart: card.imageApart)
        do {
            return try card.exact(split)
        } catch {
            throw .unpriced(.meter(error.meter, model: self.model, tier: self.tier))
        }
    }
}

extension PriceTable.Bands {
    /// The cards that hold for some input of at most `input` tokens, each with the most that it holds for.
    fileprivate func reached(byInput input: Int64) -> [(inputMax: Int64, card: RateCard?)] {
        let ends = self.above.map(\.above) + [.max]
        let reached = zip(self.above, ends.dropFirst()).filter { input > $0.0.above }
        return [(ends[0], self.base)] + reached.map { ($0.1, $0.0.card) }
    }
}

extension Rate {
    fileprivate static func isCheaper(_ a: Rate, _ b: Rate) -> Bool {
        Int128(a.picodollars) * Int128(b.quantity) < Int128(b.picodollars) * Int128(a.quantity)
    }
}

extension Fraction {
    /// Compares amounts that are near each other: whole parts first, then exactly where that fits.
    fileprivate static func isLess(_ a: Fraction, _ b: Fraction) -> Bool {
        let (wholeA, restA) = a.numerator.quotientAndRemainder(dividingBy: a.denominator)
        let (wholeB, restB) = b.numerator.quotientAndRemainder(dividingBy: b.denominator)
        if wholeA != wholeB { return wholeA < wholeB }
        // Both rests are below their 64-bit denominators, so the products fit.
        return restA * b.denominator < restB * a.denominator
    }
}
