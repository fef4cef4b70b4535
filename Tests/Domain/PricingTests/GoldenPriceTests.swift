import Pricing
import PricingTesting
import Quantities
import Testing

@Suite struct GoldenPriceTests {
    let book: PriceBook

    init() throws { self.book = try SampleBook.make() }

    @Test("published figures come out exactly", arguments: GoldenPrices.published + GoldenPrices.sampled)
    func figures(_ golden: GoldenPrice) throws {
        let expected = try Money(decimalDollars: golden.dollars)
        let amount = try golden.amount(in: book)
        #expect(amount == expected, "\(amount)")
        if let plain = try golden.plainAmount(in: book) { #expect(plain == expected) }
    }

    @Test("what is not sold has no price", arguments: GoldenPrices.unpriced)
    func unpriced(_ golden: GoldenPrice) throws {
        let error = #expect(throws: PricingError.self) { try golden.amount(in: book) }
        guard case .unpriced(.meter) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("the comparisons of the articles hold, or are corrected", arguments: GoldenPrices.ratios)
    func ratios(_ ratio: (name: String, dearer: String, cheaper: String, times: Int128)) throws {
        let dearer = try #require(GoldenPrices.published.first { $0.name == ratio.dearer })
        let cheaper = try #require(GoldenPrices.published.first { $0.name == ratio.cheaper })
        let unit = try cheaper.amount(in: book).picodollars
        #expect(unit > 0)
        #expect(try dearer.amount(in: book).picodollars == ratio.times * unit)
    }

    @Test("G022 each turn of a thread is billed with all turns before it")
    func history() throws {
        var quote = QuoteAccumulator(
            book: book, models: ["gpt-4-turbo"], tiers: [.standard], at: try moment("2023-11-21"))
        for turn in 1...10 { try quote.add(QuoteLine(prompt: Int64(turn) * 200, outputExpected: 0, outputMax: 0)) }
        #expect(quote.promptTokens == 11_000)
        #expect(quote.rows()[0].amounts?.expected == (try Money(decimalDollars: "0.11")))
    }

    @Test("G020 sessions of a tool have a price each", arguments: [(1, "0.03"), (2, "0.06"), (0, "0")])
    func sessions(_ sessions: Int64, _ dollars: String) throws {
        let start = try moment("2023-11-21T12:00Z")
        let priced = try book.price(
            .zero, model: "code-interpreter", tier: .standard, at: start, extras: [.session: sessions])
        #expect(priced.amount == (try Money(decimalDollars: dollars)))
    }
}
