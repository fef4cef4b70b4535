import Gateway
import OpenAIWire
import Pricing
import Quantities

/// Foretells what a job costs while its lines stream by.
struct RunQuote {
    /// Output tokens expected of a line where nothing is known about the model and the line sets no lower limit.
    static let outputExpected: Int64 = 256

    private let book: PriceBook
    private let tier: TierName
    private let moment: Instant
    private let names: [String]
    private let averageOutput: Int64?
    private var accumulator: QuoteAccumulator
    private(set) var lines: Int64 = 0
    private(set) var promptTokens: Int64 = 0
    private(set) var outputTokens: Int64 = 0
    private(set) var outputTokensMax: Int64 = 0

    /// - Parameter names: the model's names in order of preference; the first one that has a price is used.
    init(pricer: Pricer, names: [String], tier: TierName, averageOutput: Int64?, at moment: Instant) {
        self.book = pricer.book
        self.tier = tier
        self.moment = moment
        self.names = names
        self.averageOutput = averageOutput
        let priced = names.first { pricer.table(names: [$0], tier: tier, at: moment) != nil }
        self.accumulator = QuoteAccumulator(
            book: pricer.book, models: [priced ?? names.first ?? ""], tiers: [tier], at: moment)
    }

    mutating func add(_ line: ConvertedLine) throws {
        let most = line.outputTokensMax ?? CostBound.outputTokensDefault
        let likely = max(0, min(most, self.averageOutput ?? Self.outputExpected))
        let prompt = Int64((line.body.count + 3) / 4)
        do throws(PricingError) {
            try self.accumulator.add(QuoteLine(prompt: prompt, outputExpected: likely, outputMax: max(most, 0)))
        } catch {
            throw CommandFailure("the job cannot be quoted: \(error)")
        }
        self.lines += 1
        self.promptTokens += prompt
        self.outputTokens += likely
        self.outputTokensMax += max(most, 0)
    }

    private var row: QuoteRow? { self.accumulator.rows().first { $0.tier == self.tier } }
    var amounts: QuoteRow.Amounts? { self.row?.amounts }

    /// Why there is no price, when there is none.
    var unpriced: String? {
        guard case .unpriced(let reason)? = self.row?.price else { return nil }
        return "\(reason)"
    }

    /// The quote for people, without the job's name.
    func text(tier: RunTier) -> [String] {
        var text = ["  prompt    about \(Figures.count(self.promptTokens)) tokens"]
        let basis = self.averageOutput == nil ? "assumed" : "by earlier answers"
        text.append(
            "  output    about \(Figures.count(self.outputTokens)) tokens (\(basis)), at most "
                + Figures.count(self.outputTokensMax))
        guard let amounts, let row else {
            text.append("  price     none in tier \(tier.tier): \(self.unpriced ?? "unknown"); it runs unpriced")
            return text
        }
        var price = "  price     about \(Figures.money(amounts.expected)), at most \(Figures.money(amounts.max))"
        if let saving = row.expectedSaving, saving > .zero {
            let standard = Money(picodollars: amounts.expected.picodollars + saving.picodollars)
            price += "; standard would be about \(Figures.money(standard))"
        }
        text.append(price)
        return text
    }
}
