import Pricing
import Quantities
import Testing

@Suite struct QuoteTests {
    let book: PriceBook
    let now: Instant

    init() throws {
        self.book = try SampleBook.make()
        self.now = try moment("2026-11-21T12:00Z")
    }

    @Test("a quote has floor, expected and max for every tier, and the saving against standard")
    func tiers() throws {
        var quote = QuoteAccumulator(
            book: book, models: ["gpt-5"], tiers: [.standard, .flex, .batch, .priority], at: now)
        for _ in 0..<100 {
            try quote.add(
                QuoteLine(
                    prompt: 10_000, cacheable: 8_000, expectedCached: 4_000, outputFloor: 0, outputExpected: 1_000,
                    outputMax: 2_000))
        }
        let rows = quote.rows()
        #expect(rows.map(\.tier) == [.standard, .flex, .batch, .priority])
        #expect(rows.map { $0.amounts?.floor.decimalDollars } == ["0.35", "0.175", "0.175", "0.7"])
        #expect(rows.map { $0.amounts?.expected.decimalDollars } == ["1.8", "0.9", "0.9", "3.6"])
        #expect(rows.map { $0.amounts?.max.decimalDollars } == ["3.25", "1.625", "1.625", "6.5"])
        #expect(rows.map { $0.expectedSaving?.decimalDollars } == ["0", "0.9", "0.9", "-1.8"])
        #expect(quote.lines == 100)
        #expect(quote.promptTokens == 1_000_000)
        #expect(quote.outputTokensMax == 200_000)
    }

    @Test("context bands are chosen line by line, not by the sum")
    func bands() throws {
        var quote = QuoteAccumulator(book: book, models: ["gpt-5.5"], tiers: [.standard], at: now)
        for _ in 0..<2 { try quote.add(QuoteLine(prompt: 272_000, outputExpected: 1_000, outputMax: 1_000)) }
        #expect(quote.rows()[0].amounts?.expected.decimalDollars == "2.78")
        try quote.add(QuoteLine(prompt: 272_001, outputExpected: 1_000, outputMax: 1_000))
        #expect(quote.rows()[0].amounts?.expected.decimalDollars == "5.54501")
    }

    @Test("a tier without a price stays in the quote with its reason")
    func unpriced() throws {
        var quote = QuoteAccumulator(book: book, models: ["gpt-6.2-sol", "gpt-9"], tiers: [.flex], at: now)
        try quote.add(QuoteLine(prompt: 1, outputExpected: 1, outputMax: 1))
        let rows = quote.rows()
        #expect(rows.map(\.tier) == [.flex, .standard, .flex, .standard])
        #expect(rows[0].price == .unpriced(.tierNotOffered(model: "gpt-6.2-sol", tier: .flex)))
        #expect(rows[0].expectedSaving == nil)
        #expect(rows[1].amounts != nil)
        #expect(rows[3].price == .unpriced(.unknownModel("gpt-9")))
    }

    @Test("one line above an unpublished band makes the tier unpriced, not cheaper")
    func unpricedBand() throws {
        var quote = QuoteAccumulator(book: book, models: ["gpt-5.4"], tiers: [.priority], at: now)
        try quote.add(QuoteLine(prompt: 10, outputExpected: 1, outputMax: 1))
        #expect(quote.rows()[0].amounts != nil)
        try quote.add(QuoteLine(prompt: 300_000, outputExpected: 1, outputMax: 1))
        try quote.add(QuoteLine(prompt: 10, outputExpected: 1, outputMax: 1))
        #expect(
            quote.rows()[0].price == .unpriced(.contextBand(model: "gpt-5.4", tier: .priority, above: 272_000)))
    }

    @Test("the maximum holds even when every prompt is written to the cache")
    func cacheWrites() throws {
        var quote = QuoteAccumulator(book: book, models: ["gpt-6.2-sol"], tiers: [.standard], at: now)
        try quote.add(QuoteLine(prompt: 1_000_000, outputExpected: 0, outputMax: 0))
        // Above 272,000 tokens: 5 a million written, 4 plain.
        #expect(quote.rows()[0].amounts?.expected.decimalDollars == "4")
        #expect(quote.rows()[0].amounts?.max.decimalDollars == "5")
    }

    @Test(
        "a line that contradicts itself is refused and changes nothing",
        arguments: [
            QuoteLine(prompt: 10, cacheable: 11, outputExpected: 1, outputMax: 1),
            QuoteLine(prompt: 10, cacheable: 5, expectedCached: 6, outputExpected: 1, outputMax: 1),
            QuoteLine(prompt: -1, outputExpected: 1, outputMax: 1),
            QuoteLine(prompt: 1, outputFloor: 2, outputExpected: 1, outputMax: 3),
            QuoteLine(prompt: 1, outputExpected: 4, outputMax: 3),
            QuoteLine(prompt: .max, outputExpected: 0, outputMax: .max),
        ])
    func inconsistent(_ line: QuoteLine) throws {
        var quote = QuoteAccumulator(book: book, models: ["gpt-5"], tiers: [.standard, .flex], at: now)
        try quote.add(QuoteLine(prompt: 100, outputExpected: 1, outputMax: 1))
        let before = quote.rows()
        #expect(throws: PricingError.self) { try quote.add(line) }
        #expect(quote.rows() == before)
        #expect(quote.lines == 1)
    }

    @Test("the amount that was charged lies between floor and max")
    func bounds() throws {
        var generator = SeededGenerator(seed: 3)
        for model in ["gpt-6.2-sol", "gpt-5.4", "o3", "deepseek-flash"] {
            var quote = QuoteAccumulator(book: book, models: [model], tiers: [.standard], at: now)
            var charged = Money.zero
            for _ in 0..<100 {
                let prompt = Int64.random(in: 1...400_000, using: &generator)
                let shared = Int64.random(in: 0...prompt, using: &generator)
                let longest = Int64.random(in: 1...5_000, using: &generator)
                try quote.add(
                    QuoteLine(prompt: prompt, cacheable: shared, outputExpected: longest / 2, outputMax: longest))
                let usage = TokenUsage(
                    input: prompt, cachedInput: Int64.random(in: 0...shared, using: &generator),
                    output: Int64.random(in: 0...longest, using: &generator))
                charged = try charged.adding(
                    book.amounts(usage, model: model, tier: .standard, at: now).amount)
            }
            let amounts = try #require(quote.rows()[0].amounts)
            #expect(amounts.floor <= charged && charged <= amounts.max)
        }
    }
}
