import OpenAIWire
import Pricing
import Quantities

/// How one of the engines that serve a model charges the lines of a job.
public struct QuoteServing: Hashable, Sendable {
    /// The name under which its model has its prices.
    public var priceName: String
    /// It bills by tiers of its own (decision 0024).
    public var isBought: Bool

    public init(priceName: String, isBought: Bool) {
        self.priceName = priceName
        self.isBought = isBought
    }
}

/// Makes a row of a quote hold for all engines that may serve the job.
struct ServedRow {
    /// The rows of all tiers and names.
    let rows: [QuoteRow]
    let servings: [QuoteServing]
    /// Whether the job's lines can name a tier.
    let isChat: Bool
    let tiersPricedAs: [TierName: TierName]

    /// The row of a tier in which jobs wait: expected is the dearest of what the engines are asked for, the highest
    /// price is that of the dearest tier that may be charged.
    ///
    /// - Parameters:
    ///   - row: as the gateway prices the tier on engines of one's own.
    ///   - tier: the one that it is asked for by.
    func covering(_ row: QuoteRow, tier: TierName) -> QuoteRow {
        guard tier != .standard, tier != .priority, self.servings.contains(where: \.isBought) else { return row }
        var asked: [TierName] = []
        var expected: [QuoteRow] = []
        var most: [QuoteRow.Amounts] = []
        var standard: [QuoteRow] = []
        for serving in self.servings {
            let endpoint = self.isChat ? Endpoint.chatCompletions : .completions
            func priced(_ tier: TierName) -> QuoteRow? {
                let name = self.tiersPricedAs[tier] ?? tier
                return self.rows.first { $0.model == serving.priceName && $0.tier == name }
            }
            let tiers =
                serving.isBought
                ? LineTiers.bought(tier, endpoint) { priced($0)?.amounts != nil } : .own(tier)
            if serving.isBought, !asked.contains(tiers.expected) { asked.append(tiers.expected) }
            expected += [priced(tiers.expected)].compactMap { $0 }
            most += tiers.possible.compactMap { priced($0)?.amounts }
            standard += [priced(.standard)].compactMap { $0 }
        }
        var covering = QuoteRow(
            model: row.model, tier: row.tier, lines: row.lines, price: Self.price(expected, most),
            expectedSaving: Self.saving(expected, standard), priceVersion: expected.first?.priceVersion ?? "")
        covering.window = row.window
        covering.name = row.name
        covering.askedAs = asked
        return covering
    }

    /// Unpriced where one of the engines would be.
    private static func price(_ expected: [QuoteRow], _ most: [QuoteRow.Amounts]) -> QuoteRow.Price {
        for row in expected { if case .unpriced = row.price { return row.price } }
        let amounts = expected.compactMap(\.amounts)
        return .amounts(
            .init(
                floor: amounts.map(\.floor).min() ?? .zero, expected: amounts.map(\.expected).max() ?? .zero,
                max: (amounts + most).map(\.max).max() ?? .zero))
    }

    private static func saving(_ expected: [QuoteRow], _ standard: [QuoteRow]) -> Money? {
        let here = expected.compactMap(\.amounts?.expected)
        let there = standard.compactMap(\.amounts?.expected)
        guard here.count == expected.count, there.count == expected.count, let most = here.max(), let full = there.max()
        else { return nil }
        return Money(picodollars: full.picodollars - most.picodollars)
    }
}
