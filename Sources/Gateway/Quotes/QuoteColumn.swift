import Pricing
import Quantities

/// Gathers the lines of a job for one model.
struct QuoteColumn {
    private(set) var quote: QuoteReport.ModelQuote
    private var prices: QuoteAccumulator
    private let priceName: String
    private let book: PriceBook
    private let at: Instant
    private let outputMaxEach: Int64

    init(model: String, settings: QuoteJob.Settings, book: PriceBook, past: OutputStatistics?) {
        self.quote = QuoteReport.ModelQuote(model: model)
        self.quote.pastAnswers = past?.requests ?? 0
        self.quote.expectedEach = past?.mean ?? QuoteJob.expectedOutputDefault
        self.outputMaxEach = settings.outputMax[model] ?? QuoteJob.outputMaxDefault
        self.priceName = settings.priceNames[model] ?? model
        self.book = book
        self.at = settings.at
        let tiers = settings.tiers ?? Self.tiers(book, self.priceName, settings.at)
        self.prices = QuoteAccumulator(book: book, models: [self.priceName], tiers: tiers, at: settings.at)
    }

    /// Standard, flex, batch and the completion windows that are priced at the moment.
    private static func tiers(_ book: PriceBook, _ model: String, _ at: Instant) -> [TierName] {
        let priced = Set(book.tiers(model, at: at))
        let windows = priced.compactMap { try? CompletionWindow($0.text) }.sorted().map { TierName($0.text) }
        return [.standard] + ([TierName.flex, .batch] + windows).filter { priced.contains($0) }
    }

    mutating func add(_ line: QuoteRequest, _ count: CountedPrompt) throws(PricingError) {
        let most = line.outputMax ?? self.outputMaxEach
        let highest = most * line.answers
        let floor = min(1, most) * line.answers
        let expected = min(self.quote.expectedEach, most) * line.answers
        try self.prices.add(
            QuoteLine(
                prompt: count.tokens, outputFloor: floor, outputExpected: max(floor, expected), outputMax: highest))
        self.quote.lines += 1
        self.quote.promptTokens += count.tokens
        self.quote.imageTokens += count.imageTokens
        self.quote.sources.insert(count.source)
        self.quote.reasons.formUnion(count.reasons)
        self.quote.outputFloor += floor
        self.quote.outputExpected += max(floor, expected)
        self.quote.outputMax += highest
    }

    func finished(_ prefixes: QuoteReport.SharedPrefixes) -> QuoteReport.ModelQuote {
        var quote = self.quote
        quote.rows = self.prices.rows()
        quote.prefixSaving = self.saving(prefixes)
        return quote
    }

    private func saving(_ prefixes: QuoteReport.SharedPrefixes) -> Money? {
        guard prefixes.blocks > 0 else { return nil }
        let gained = Int128(prefixes.sharedInPrefixOrder - prefixes.sharedInInputOrder)
        let tokens = Int64(clamping: Int128(self.quote.promptTokens) * max(0, gained) / Int128(prefixes.blocks))
        guard let table = try? self.book.resolve(self.priceName, tier: .standard, at: self.at),
            let plain = try? table.charge(usage: TokenUsage(input: tokens, output: 0), inputForBand: 0, at: self.at),
            let cached = try? table.charge(
                usage: TokenUsage(input: tokens, cachedInput: tokens, output: 0), inputForBand: 0, at: self.at)
        else { return nil }
        return try? plain.subtracting(cached)
    }
}
