public import Quantities

/// Foretells the price of a job, line by line, in constant memory.
///
/// Lines are priced one at a time because context bands and rounding are per request. Prices are those of one moment.
public struct QuoteAccumulator: Sendable {
    struct Column: Sendable {
        let model: String
        let tier: TierName
        let table: PriceTable?
        var reason: Unpriced?
        var floor = Money.zero
        var expected = Money.zero
        var max = Money.zero
    }

    private var columns: [Column] = []
    private let moment: Instant
    public private(set) var lines: Int64 = 0
    public private(set) var promptTokens: Int64 = 0
    public private(set) var outputTokensMax: Int64 = 0

    /// A quote for every pair of `models` and `tiers` at the prices of `moment`.
    ///
    /// Pairs without a price stay in the quote as unpriced rows. The standard tier is always computed, for savings.
    public init(book: PriceBook, models: [String], tiers: [TierName], at moment: Instant) {
        self.moment = moment
        for model in models {
            for tier in tiers.contains(.standard) ? tiers : tiers + [.standard] {
                do throws(PricingError) {
                    let table = try book.resolve(model, tier: tier, at: moment)
                    self.columns.append(Column(model: model, tier: tier, table: table))
                } catch {
                    guard case .unpriced(let reason) = error else { continue }
                    self.columns.append(Column(model: model, tier: tier, table: nil, reason: reason))
                }
            }
        }
    }

    /// Adds one line to every row.
    ///
    /// - Throws: `inconsistentUsage` for a line that contradicts itself, `overflow`. The quote is then unchanged.
    public mutating func add(_ line: QuoteLine) throws(PricingError) {
        if let text = line.inconsistency { throw .inconsistentUsage(text) }
        var next = self
        do throws(QuantityError) {
            next.lines = try self.lines.adding(1)
            next.promptTokens = try self.promptTokens.adding(line.prompt)
            next.outputTokensMax = try self.outputTokensMax.adding(line.outputMax)
        } catch {
            throw .overflow
        }
        for index in next.columns.indices { try next.columns[index].add(line, at: self.moment) }
        self = next
    }

    /// One row for each model and tier, models in the order given, the standard tier last unless it was asked for.
    public func rows() -> [QuoteRow] {
        self.columns.map { column in
            let standard = self.columns.first { $0.model == column.model && $0.tier == .standard }
            var saving: Money?
            if column.reason == nil, let standard, standard.reason == nil {
                saving = Money(picodollars: standard.expected.picodollars - column.expected.picodollars)
            }
            let amounts = QuoteRow.Amounts(floor: column.floor, expected: column.expected, max: column.max)
            return QuoteRow(
                model: column.model, tier: column.tier, lines: self.lines,
                price: column.reason.map { .unpriced($0) } ?? .amounts(amounts), expectedSaving: saving,
                priceVersion: column.table?.priceVersion ?? "")
        }
    }
}

extension QuoteAccumulator.Column {
    mutating func add(_ line: QuoteLine, at moment: Instant) throws(PricingError) {
        guard self.reason == nil, let table = self.table else { return }
        do throws(PricingError) {
            let best = TokenUsage(input: line.prompt, cachedInput: line.cacheable, output: line.outputFloor)
            let likely = TokenUsage(
                input: line.prompt, cachedInput: line.expectedCached, output: line.outputExpected)
            let worst = TokenUsage(input: line.prompt, output: line.outputMax)
            let floor = try table.charge(usage: best, at: moment)
            let expected = try table.charge(usage: likely, at: moment)
            let highest = try table.highestCharge(usage: worst, at: moment)
            self.floor = try Self.sum(self.floor, floor)
            self.expected = try Self.sum(self.expected, expected)
            self.max = try Self.sum(self.max, highest)
        } catch {
            guard case .unpriced(let reason) = error else { throw error }
            self.reason = reason
        }
    }

    private static func sum(_ a: Money, _ b: Money) throws(PricingError) -> Money {
        do { return try a.adding(b) } catch { throw .overflow }
    }
}
