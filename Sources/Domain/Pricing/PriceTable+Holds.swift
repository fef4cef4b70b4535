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

    /// The most that a request of at most these tokens can cost, whatever kinds of tokens they turn out to be: written
    /// to a cache for hours, audio, images, reasoning.
    ///
    /// Every context band that the input can end in counts, since the dearest need not be the highest, and the highest
    /// may have no price.
    ///
    /// - Parameter atAnyHour: the request may wait, so the hours of all schedules count, too.
    public func ceiling(
        input: Int64, output: Int64, at instant: Instant, atAnyHour: Bool = false
    ) throws(PricingError) -> Money {
        guard self.covers(instant) else { throw .unpriced(.noPriceThen(model: self.model, at: instant)) }
        guard input >= 0, output >= 0 else { throw .inconsistentUsage("a token count is negative") }
        guard max(input, output) <= UsageSplit.countMax else { throw .overflow }
        let present = self.hours.bands(at: instant).bands
        let bands = atAnyHour ? [self.hours.base] + self.hours.windows.map(\.bands) : [present]
        var most: Money?
        var missing = Unpriced.contextBand(model: self.model, tier: self.tier, above: present.above.last?.above ?? 0)
        for (inputMax, card) in bands.flatMap({ $0.reached(byInput: input) }) {
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
