public import Quantities

/// One meter of a charge.
public struct PricedMeter: Hashable, Sendable {
    public let meter: Meter
    /// Whole units of the meter.
    public let quantity: Int64
    /// Billionths of a unit beyond `quantity`; `quantity` or this is above zero.
    public let billionths: Int64
    public let rate: Rate
    /// In picodollars.
    let exact: Fraction

    /// Units of the meter as decimal text: `90`, `1.5`.
    public var quantityText: String {
        let units = Int128(self.quantity) * Int128(Self.billion) + Int128(self.billionths)
        return DecimalText.text(units: units, fractionDigits: 9, minimumFractionDigits: 0)
    }

    static let billion: Int64 = 1_000_000_000

    /// Exact dollars before any rounding: a decimal where one is finite, else a fraction such as `17/30000`.
    public var exactAmount: String { self.exact.exactDollars }
}

/// A usage with its price.
public struct PricedUsage: Hashable, Sendable {
    /// The sum of all meters, rounded once, half to even, to a picodollar.
    public let amount: Money
    /// The same usage at the standard tier's price, for savings; nil when that tier has no price for it.
    public let listAmount: Money?
    /// One line for each meter that was used, in `Meter` order.
    public let lines: [PricedMeter]
    public let provider: String
    /// The name that the book prices; may differ from the name asked for.
    public let model: String
    public let tier: TierName
    public let priceVersion: String
    /// `>272000` when a context band applied.
    public let band: String?
    /// The schedule whose hours applied.
    public let window: String?

    /// List amount less amount; negative when the tier costs more than standard.
    public var saving: Money? {
        guard let list = self.listAmount else { return nil }
        return Money(picodollars: list.picodollars - self.amount.picodollars)
    }
}

/// Counts of meters that are no tokens.
private struct Extras {
    let whole: [Meter: Int64]
    let billionths: [Meter: Int64]

    var isEmpty: Bool { self.whole.isEmpty && self.billionths.isEmpty }
    var meters: [Meter] {
        if self.isEmpty { return [] }
        return Set(self.whole.keys).union(self.billionths.keys).sorted()
    }
}

extension PriceTable {
    /// Prices `usage` and `extras` meter by meter.
    ///
    /// - Parameters:
    ///   - inputForBand: the input tokens that choose the context band; all input tokens when nil.
    ///   - extras: counts of meters that are not tokens. The one token meter allowed is `imageOutput`: the part of
    ///     `usage.output` that is picture tokens. Without it all output is, where the model sells no other.
    ///   - billionths: parts of a unit beyond `extras`, below one unit: 500,000,000 is half a second.
    public func price(
        _ usage: TokenUsage, inputForBand: Int64? = nil, at instant: Instant, extras: [Meter: Int64] = [:],
        billionths: [Meter: Int64] = [:]
    ) throws(PricingError) -> PricedUsage {
        let input = inputForBand ?? usage.input
        let (card, above, window) = try self.card(self.hours, forInput: input, at: instant)
        var lines: [PricedMeter] = []
        let extra = Extras(whole: extras, billionths: billionths)
        let exact = try self.total(card, usage, extra, lines: &lines)
        var listAmount: Money?
        if extra.isEmpty {
            listAmount = try self.listAmount(usage: usage, inputForBand: inputForBand, at: instant)
        } else if let list = self.list {
            do {
                let card = try self.card(list, forInput: input, at: instant).card
                var ignored: [PricedMeter] = []
                listAmount = Money(picodollars: try self.total(card, usage, extra, lines: &ignored).roundedHalfEven)
            } catch {
                guard case .unpriced = error else { throw error }
            }
        }
        return PricedUsage(
            amount: Money(picodollars: exact.roundedHalfEven), listAmount: listAmount, lines: lines,
            provider: self.provider, model: self.model, tier: self.tier, priceVersion: self.priceVersion,
            band: above.map { ">\($0)" }, window: window)
    }

    private func total(
        _ card: RateCard, _ usage: TokenUsage, _ extras: Extras, lines: inout [PricedMeter]
    ) throws(PricingError) -> Fraction {
        let split = try UsageSplit(
            usage, imageOutput: extras.whole[.imageOutput], reasoningApart: card.reasoningApart,
            imageApart: card.imageApart, plainOutput: card.plainOutput)
        var counts: [(Meter, Int64, Int64)] = []
        for meter in Meter.tokenMeters where split.count(of: meter) != 0 {
            counts.append((meter, split.count(of: meter), 0))
        }
        for meter in extras.meters where meter != .imageOutput {
            let (count, part) = (extras.whole[meter] ?? 0, extras.billionths[meter] ?? 0)
            if count == 0, part == 0 { continue }
            if meter.isToken { throw .inconsistentUsage("\(meter.name) tokens belong in the usage") }
            if count < 0 || part < 0 { throw .inconsistentUsage("the count of \(meter.name) is negative") }
            if count > UsageSplit.countMax || part >= PricedMeter.billion { throw .overflow }
            counts.append((meter, count, part))
        }
        var sum = Fraction.zero
        for (meter, count, part) in counts {
            guard let rate = card.rates[meter] else {
                throw .unpriced(.meter(meter, model: self.model, tier: self.tier))
            }
            do throws(QuantityError) {
                var quantity = Fraction(whole: Int128(count))
                if part > 0 {
                    quantity = try quantity.adding(Fraction(Int128(part), over: Int128(PricedMeter.billion)))
                }
                let exact = try rate.fraction.multiplied(by: quantity)
                sum = try sum.adding(exact)
                lines.append(PricedMeter(meter: meter, quantity: count, billionths: part, rate: rate, exact: exact))
            } catch {
                throw .overflow
            }
        }
        return sum
    }
}
