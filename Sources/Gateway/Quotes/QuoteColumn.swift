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
    private let labels: [Label]
    private let engines: [QuoteEngine]
    private let servings: [QuoteServing]
    private let tiersPricedAs: [TierName: TierName]
    private var isChat = true

    init(model: String, settings: QuoteJob.Settings, book: PriceBook, past: OutputStatistics?) {
        self.quote = QuoteReport.ModelQuote(model: model)
        self.quote.pastAnswers = past?.requests ?? 0
        self.quote.expectedEach = past?.mean ?? QuoteJob.expectedOutputDefault
        self.outputMaxEach = settings.outputMax[model] ?? QuoteJob.outputMaxDefault
        self.priceName = settings.priceNames[model] ?? model
        self.book = book
        self.at = settings.at
        self.engines = settings.engines
        self.servings = settings.servings[model] ?? []
        self.tiersPricedAs = settings.tiersPricedAs
        var names = [self.priceName]
        let targets = settings.engines.compactMap { $0.targets[model] }
        for name in targets.map(\.priceName) + self.servings.map(\.priceName) where !names.contains(name) {
            names.append(name)
        }
        self.labels = Self.labels(settings, book, names)
        var tiers: [TierName] = []
        for label in self.labels where !tiers.contains(label.tier) { tiers.append(label.tier) }
        if targets.contains(where: \.isBought) || self.servings.contains(where: \.isBought) {
            let sold = [TierName.flex, .priority, .standard].map { settings.tiersPricedAs[$0] ?? $0 }
            for tier in sold where !tiers.contains(tier) { tiers.append(tier) }
        }
        self.prices = QuoteAccumulator(book: book, models: names, tiers: tiers, at: settings.at)
    }

    /// What a row stands for.
    private struct Label {
        let tier: TierName
        var window: String?
        /// The tier that is priced as `tier`.
        var name: TierName?
    }

    /// The rows asked for; else standard, flex and batch where they are priced, and the completion windows that are
    /// priced at the moment or that the configuration offers.
    private static func labels(_ settings: QuoteJob.Settings, _ book: PriceBook, _ names: [String]) -> [Label] {
        let configured = settings.windows.map { Label(tier: $0.tier, window: $0.window.text) }
        if let tiers = settings.tiers {
            let labels = tiers.map { tier in
                if let window = configured.first(where: { $0.window == tier.text }) { return window }
                guard let priced = settings.tiersPricedAs[tier] else { return Label(tier: tier) }
                return Label(tier: priced, name: tier)
            }
            let hasStandard = labels.contains { $0.tier == .standard && $0.name == nil }
            return hasStandard ? labels : labels + [Label(tier: .standard)]
        }
        let priced = Set(names.flatMap { book.tiers($0, at: settings.at) })
        // The shipped windows have a price for few models; asked for by name they are shown without one, too.
        let shown = settings.windows.filter { priced.contains($0.tier) || $0.tier.text != $0.window.text }
        var windows = shown.map { ($0.window, Label(tier: $0.tier, window: $0.window.text)) }
        for window in priced.compactMap({ try? CompletionWindow($0.text) }) {
            if windows.contains(where: { $0.0 == window }) { continue }
            windows.append((window, Label(tier: TierName(window.text))))
        }
        let plain = [TierName.flex, .batch].filter { priced.contains($0) }
        return ([.standard] + plain).map { Label(tier: $0) } + windows.sorted { $0.0 < $1.0 }.map(\.1)
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
        self.isChat = self.isChat && line.isChat
        self.quote.promptTokens += count.tokens
        self.quote.imageTokens += count.imageTokens
        self.quote.sources.insert(count.source)
        self.quote.reasons.formUnion(count.reasons)
        self.quote.outputFloor += floor
        self.quote.outputExpected += max(floor, expected)
        self.quote.outputMax += highest
    }

    /// - Parameter ending: tokens that every prompt has at its end, behind what varies.
    func finished(_ prefixes: QuoteReport.SharedPrefixes, ending: Int64) -> QuoteReport.ModelQuote {
        var quote = self.quote
        let rows = self.prices.rows()
        quote.rows = self.rows(rows, self.priceName, self.servings)
        quote.engines = self.engines.map { engine in
            let target = engine.targets[quote.model]
            return EngineQuote(
                engine: engine.id, url: engine.url, problem: engine.problem, target: target,
                rows: target.map {
                    self.rows(rows, $0.priceName, [.init(priceName: $0.priceName, isBought: $0.isBought)])
                } ?? [])
        }
        quote.prefixSaving = self.saving(
            of: prefixes.sharedInPrefixOrder - prefixes.sharedInInputOrder, blocks: prefixes.blocks)
        quote.inputOrderSaving = self.saving(of: prefixes.sharedInInputOrder, blocks: prefixes.blocks)
        quote.endingTokens = ending
        quote.endingSaving = ending > 0 ? self.saving(tokens: Int128(ending) * Int128(max(0, quote.lines - 1))) : nil
        return quote
    }

    private func rows(_ rows: [QuoteRow], _ name: String, _ servings: [QuoteServing]) -> [QuoteRow] {
        let served = ServedRow(
            rows: rows, servings: servings, isChat: self.isChat, tiersPricedAs: self.tiersPricedAs)
        return self.labels.compactMap { label in
            guard var row = rows.first(where: { $0.model == name && $0.tier == label.tier }) else { return nil }
            row.window = label.window
            row.name = label.name
            return served.covering(row, tier: label.name ?? label.tier)
        }
    }

    private func saving(of shared: Int64, blocks: Int64) -> Money? {
        guard blocks > 0 else { return nil }
        return self.saving(tokens: Int128(self.quote.promptTokens) * Int128(max(0, shared)) / Int128(blocks))
    }

    /// What `tokens` cost less at the cached rate than at the input rate, in the standard tier.
    private func saving(tokens: Int128) -> Money? {
        let tokens = Int64(clamping: tokens)
        guard let table = try? self.book.resolve(self.priceName, tier: .standard, at: self.at),
            let plain = try? table.charge(usage: TokenUsage(input: tokens, output: 0), inputForBand: 0, at: self.at),
            let cached = try? table.charge(
                usage: TokenUsage(input: tokens, cachedInput: tokens, output: 0), inputForBand: 0, at: self.at)
        else { return nil }
        return try? plain.subtracting(cached)
    }
}
