public import Pricing
public import Quantities

/// One published figure: what was used, and what it costs.
public struct GoldenPrice: CustomStringConvertible, Sendable {
    public let name: String
    public let model: String
    public let tier: TierName
    public let at: String
    public let usage: TokenUsage
    public let extras: [Meter: Int64]
    /// Dollars, exactly.
    public let dollars: String

    public var description: String { self.name }

    init(
        _ name: String, _ model: String, _ tier: TierName = .standard, at: String = "2026-11-21T12:00:00Z",
        input: Int64 = 0, cached: Int64 = 0, output: Int64 = 0, extras: [Meter: Int64] = [:], _ dollars: String
    ) {
        self.name = name
        self.model = model
        self.tier = tier
        self.at = at
        self.usage = TokenUsage(input: input, cachedInput: cached, output: output)
        self.extras = extras
        self.dollars = dollars
    }

    init(_ name: String, _ model: String, _ usage: TokenUsage, extras: [Meter: Int64] = [:], _ dollars: String) {
        self.name = name
        self.model = model
        self.tier = .standard
        self.at = "2026-11-21T12:00:00Z"
        self.usage = usage
        self.extras = extras
        self.dollars = dollars
    }

    /// What `book` charges, by the way with a breakdown.
    public func amount(in book: PriceBook) throws -> Money {
        try book.price(
            self.usage, model: self.model, tier: self.tier, at: Instant(rfc3339: self.at), extras: self.extras
        ).amount
    }

    /// What `book` charges by the way without a breakdown; nil where that way knows no such meter.
    public func plainAmount(in book: PriceBook) throws -> Money? {
        guard self.extras.isEmpty else { return nil }
        return try book.amounts(self.usage, model: self.model, tier: self.tier, at: Instant(rfc3339: self.at)).amount
    }
}
