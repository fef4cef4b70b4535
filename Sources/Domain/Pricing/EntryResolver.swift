import Quantities

/// Works out every rate of one entry: multiples first, then what missing rates mean.
struct EntryResolver {
    let entry: PriceEntry
    let index: Int
    let schedules: [String: PriceSchedule]
    let rules: [TierName: TierRule]

    /// Rates and bands with all multiples applied.
    private struct Stated {
        var base: RateSet
        var windows: [WindowPrices]

        /// The set that applies in the same hours as another tier's window.
        func set(schedule: String?) -> RateSet {
            self.windows.first { $0.schedule == schedule }?.prices ?? self.base
        }
    }

    func hours() throws(PriceBookError) -> [TierName: PriceTable.Hours] {
        var stated: [TierName: Stated] = [:]
        for tier in self.entry.tiers.keys.sorted() {
            stated[tier] = try self.stated(tier, depth: 0)
        }
        var result: [TierName: PriceTable.Hours] = [:]
        for (tier, prices) in stated {
            let standard = stated[.standard]
            var windows: [PriceTable.Hours.Window] = []
            for window in prices.windows {
                guard let schedule = self.schedules[window.schedule] else {
                    throw .unknownSchedule(entry: self.index, name: window.schedule)
                }
                let bands = try self.bands(tier, window.prices, standard?.set(schedule: window.schedule))
                windows.append(.init(schedule: schedule, bands: bands))
            }
            result[tier] = PriceTable.Hours(
                base: try self.bands(tier, prices.base, standard?.base), windows: windows)
        }
        return result
    }

    private func stated(_ tier: TierName, depth: Int) throws(PriceBookError) -> Stated {
        guard let prices = self.entry.tiers[tier] else { return Stated(base: RateSet(), windows: []) }
        var own = Stated(base: prices.prices, windows: prices.windows)
        for set in [own.base] + own.windows.map(\.prices) { try self.checkBands(tier, set) }
        guard let multiple = prices.multiple else { return own }
        guard depth < 4, multiple.base != tier, self.entry.tiers[multiple.base] != nil else {
            throw .unknownBaseTier(entry: self.index, tier: tier, base: multiple.base)
        }
        let source = try self.stated(multiple.base, depth: depth + 1)
        do throws(QuantityError) {
            own.base = try Self.scaled(source.base, by: multiple.ratio, except: own.base)
            for window in source.windows {
                let place = own.windows.firstIndex { $0.schedule == window.schedule }
                let exceptions = place.map { own.windows[$0].prices } ?? RateSet()
                let scaled = try Self.scaled(window.prices, by: multiple.ratio, except: exceptions)
                if let place {
                    own.windows[place].prices = scaled
                } else {
                    own.windows.append(WindowPrices(schedule: window.schedule, prices: scaled))
                }
            }
        } catch {
            throw .numberTooLarge(entry: self.index, tier: tier)
        }
        return own
    }

    private func checkBands(_ tier: TierName, _ set: RateSet) throws(PriceBookError) {
        var last: Int64 = 0
        for band in set.bands {
            guard band.above > last else { throw .bandsOutOfOrder(entry: self.index, tier: tier) }
            last = band.above
        }
    }

    /// `set` times `ratio`; tools keep their price; `exceptions` replace single rates.
    private static func scaled(_ set: RateSet, by ratio: Ratio, except exceptions: RateSet) throws(QuantityError)
        -> RateSet
    {
        func scaled(_ rates: [Meter: Rate], _ stated: [Meter: Rate]) throws(QuantityError) -> [Meter: Rate] {
            var result = stated
            for (meter, rate) in rates where result[meter] == nil {
                result[meter] = meter.isTool ? rate : try rate.scaled(by: ratio)
            }
            return result
        }
        var bands = exceptions.bands.filter { band in !set.bands.contains { $0.above == band.above } }
        for band in set.bands {
            let stated = exceptions.bands.first { $0.above == band.above }?.rates ?? [:]
            bands.append(ContextBand(above: band.above, rates: try scaled(band.rates, stated)))
        }
        return RateSet(
            rates: try scaled(set.rates, exceptions.rates), bands: bands.sorted { $0.above < $1.above })
    }

    /// The cards of one set. A band that standard has and this tier lacks has no price: never the lower band's.
    private func bands(
        _ tier: TierName, _ set: RateSet, _ standard: RateSet?
    ) throws(PriceBookError) -> PriceTable.Bands {
        var thresholds = Set(set.bands.map(\.above))
        for band in standard?.bands ?? [] { thresholds.insert(band.above) }
        var above: [PriceTable.Bands.Band] = []
        for threshold in thresholds.sorted() {
            let own = set.bands.first { $0.above == threshold }
            let list = standard?.bands.last { $0.above <= threshold }?.rates ?? standard?.rates
            let card = own == nil ? nil : try self.card(tier, own?.rates ?? [:], list)
            above.append(.init(above: threshold, card: card))
        }
        return PriceTable.Bands(base: try self.card(tier, set.rates, standard?.rates), above: above)
    }

    private func card(
        _ tier: TierName, _ stated: [Meter: Rate], _ standard: [Meter: Rate]?
    ) throws(PriceBookError) -> RateCard {
        do throws(QuantityError) {
            var rates = stated
            let list = standard ?? stated
            try self.fillCached(.cachedInput, uncached: .input, tier, list, &rates)
            try self.fillCached(.cachedAudioInput, uncached: .audioInput, tier, list, &rates)
            return try RateCard(
                rates: rates, reasoningApart: (stated[.reasoningOutput] ?? list[.reasoningOutput]) != nil,
                imageApart: (stated[.imageInput] ?? list[.imageInput]) != nil)
        } catch {
            throw .numberTooLarge(entry: self.index, tier: tier)
        }
    }

    /// Corrections 1 and 2 of the price reference: what a missing cached rate means.
    private func fillCached(
        _ cached: Meter, uncached: Meter, _ tier: TierName, _ list: [Meter: Rate], _ rates: inout [Meter: Rate]
    ) throws(QuantityError) {
        guard rates[cached] == nil, let own = rates[uncached] else { return }
        guard let listCached = list[cached], tier != .standard else {
            rates[cached] = own
            return
        }
        switch self.rules[tier]?.missingCached ?? .unpriced {
        case .input:
            rates[cached] = own
        case .unpriced:
            return
        case .scaled:
            guard let listed = list[uncached], listed.picodollars > 0 else { return }
            let ratio = try Fraction(
                Int128(own.picodollars).multiplied(by: Int128(listed.quantity)),
                over: Int128(own.quantity).multiplied(by: Int128(listed.picodollars)))
            rates[cached] = try Rate(listCached.fraction.multiplied(by: ratio))
        }
    }
}
