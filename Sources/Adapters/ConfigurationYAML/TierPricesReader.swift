import Pricing
import Quantities

/// Reads what one tier costs: rates, a multiple of another tier, context bands, hours with a price of their own.
enum TierPricesReader {
    static func read(_ value: YAMLValue) throws(ConfigurationError) -> TierPrices {
        var prices = TierPrices()
        var ratio: Ratio?
        var base = TierName.standard
        for (key, value) in try value.pairs() {
            switch try key.name() {
            case "times": ratio = try self.ratio(value)
            case "of": base = TierName(try value.name())
            case "during":
                for (key, value) in try value.pairs() {
                    prices.windows.append(
                        WindowPrices(schedule: try key.name(), prices: try self.rateSet(value)))
                }
            default: try self.field(key, value, &prices.prices, also: ["times", "of", "during"])
            }
        }
        if let ratio {
            prices.multiple = .init(of: base, by: ratio)
        } else if base != .standard {
            throw value.error("'of' needs 'times'")
        } else if prices.prices.rates.isEmpty {
            throw value.error("needs at least one price, or 'times'")
        }
        return prices
    }

    private static func rateSet(_ value: YAMLValue) throws(ConfigurationError) -> RateSet {
        var set = RateSet()
        for (key, value) in try value.pairs() { try self.field(key, value, &set, also: []) }
        return set
    }

    private static func field(
        _ key: YAMLValue, _ value: YAMLValue, _ set: inout RateSet, also: [String]
    ) throws(ConfigurationError) {
        switch try key.name() {
        case "above":
            for (key, value) in try value.pairs() {
                let text = try key.text()
                guard let above = Int64(text.filter { $0 != "_" }), above > 0 else {
                    throw key.error("'\(text)' is not a number of input tokens")
                }
                var rates: [Meter: Rate] = [:]
                for (key, value) in try value.pairs() {
                    rates[try self.meter(key, also: [])] = try self.rate(key, value)
                }
                set.bands.append(ContextBand(above: above, rates: rates))
            }
            set.bands.sort { $0.above < $1.above }
        case "image_piece":
            for (size, value) in try value.pairs() {
                for (quality, value) in try value.pairs() {
                    let meter = Meter.imagePiece(size: try size.name(), quality: try quality.name())
                    set.rates[meter] = try self.rate(meter, value)
                }
            }
        default:
            set.rates[try self.meter(key, also: also + ["above", "image_piece"])] = try self.rate(key, value)
        }
    }

    private static func meter(_ key: YAMLValue, also: [String]) throws(ConfigurationError) -> Meter {
        let name = try key.name()
        guard let meter = Meter(name: name), Meter.plain.contains(meter) else {
            throw key.unknown("meter", name, Meter.plain.map(\.name) + also)
        }
        return meter
    }

    private static func rate(_ key: YAMLValue, _ value: YAMLValue) throws(ConfigurationError) -> Rate {
        try self.rate(self.meter(key, also: []), value)
    }

    /// `2.5`, or `0.017 / minute`, `10 / 1k`, `4 / 1000`.
    private static func rate(_ meter: Meter, _ value: YAMLValue) throws(ConfigurationError) -> Rate {
        let text = try value.text()
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { part in
            part.filter { $0 != " " }
        }
        guard (1...2).contains(parts.count) else { throw value.error("'\(text)' is not a price") }
        let quantity = parts.count == 2 ? self.quantity(parts[1], of: meter) : meter.customaryQuantity
        guard let quantity else {
            throw value.error("'\(text)' is not a price per 1M, 1k, a whole number, or minute or hour of seconds")
        }
        do throws(QuantityError) {
            return try Rate(Money(decimalDollars: parts[0]), per: quantity)
        } catch {
            throw value.error("'\(text)' is not a price in dollars, such as 2.5 or 0.017 / minute")
        }
    }

    private static func quantity(_ text: String, of meter: Meter) -> Int64? {
        switch text {
        case "1M": return 1_000_000
        case "1k": return 1_000
        case "minute" where meter == .secondInput || meter == .secondOutput: return 60
        case "hour" where meter == .secondInput || meter == .secondOutput: return 3_600
        default:
            guard let count = Int64(text), count > 0 else { return nil }
            return count
        }
    }

    private static func ratio(_ value: YAMLValue) throws(ConfigurationError) -> Ratio {
        let text = try value.text()
        do throws(QuantityError) {
            return try Ratio(decimal: text)
        } catch {
            throw value.error("'\(text)' is not a factor such as 0.5")
        }
    }
}
