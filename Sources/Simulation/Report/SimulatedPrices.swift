public import Pricing
public import Quantities

/// What simulated requests cost, by the book's price of one model at each moment of the simulation.
public struct SimulatedPrices: Sendable {
    public let model: String
    /// The moment at which the simulation begins.
    public let start: Instant
    private let book: PriceBook
    private var tables: [TierName: PriceTable] = [:]

    public init(book: PriceBook, model: String, start: Instant) {
        self.book = book
        self.model = model
        self.start = start
    }

    /// nil: this tier has no price then.
    mutating func charge(_ usage: TokenUsage, tier: TierName, at nanoseconds: Int64) -> Money? {
        let moment = self.start.advanced(by: .nanoseconds(nanoseconds))
        if self.tables[tier]?.covers(moment) != true {
            self.tables[tier] = try? self.book.resolve(self.model, tier: tier, at: moment)
        }
        return try? self.tables[tier]?.charge(usage: usage, at: moment)
    }
}

/// What one tier earned.
public struct TierEarnings: Hashable, Sendable {
    public internal(set) var requests = 0
    /// Requests that no price was found for; they are not in the amount.
    public internal(set) var unpriced = 0
    public internal(set) var amount = Money.zero
}
