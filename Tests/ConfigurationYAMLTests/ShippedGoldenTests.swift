import ConfigurationYAML
import Pricing
import PricingTesting
import Quantities
import Testing

@Suite struct ShippedGoldenTests {
    /// Read once for all figures.
    private static let shipped = Result { () throws -> PriceBook in
        let path = "Sources/EbbCommands/Resources/prices.yaml"
        return try PriceList.read(RepositoryFile.text(path), file: "prices.yaml").book()
    }
    private let book: PriceBook

    init() throws { self.book = try Self.shipped.get() }

    @Test("the shipped book gives the published figures", arguments: GoldenPrices.published)
    func figures(_ golden: GoldenPrice) throws {
        let expected = try Money(decimalDollars: golden.dollars)
        let amount = try golden.amount(in: book)
        #expect(amount == expected, "\(amount)")
        if let plain = try golden.plainAmount(in: book) { #expect(plain == expected) }
    }

    @Test("the shipped book has no price for what is not sold", arguments: GoldenPrices.unpriced)
    func unpriced(_ golden: GoldenPrice) throws {
        let error = #expect(throws: PricingError.self) { try golden.amount(in: book) }
        guard case .unpriced(.meter) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("batch is half of standard in every period and band of the shipped book (8.3/37)")
    func batchIsHalf() throws {
        let odd = try Self.oddBatchPrices(book)
        #expect(odd.checked > 200)
        #expect(odd.found == [])
    }

    @Test("the mistakes of other books would be found (8.3/37)")
    func mistakes() throws {
        let odd = try Self.oddBatchPrices(
            PriceList.read(
                """
                version: t
                currency: USD
                providers:
                  openai:
                    source: test
                    checked_on: 2026-11-21
                    models:
                      ft:gpt-4o-2024-08-06: {default: {input: 3.75, output: 15}, batch: {input: 2.225, output: 12.5}}
                      gpt-3.5-turbo-1106: {default: {input: 1, output: 2}, batch: {input: 1, output: 2}}
                      long: {default: {input: 1, above: {9: {input: 2}}}, batch: {input: 0.5, above: {9: {input: 1.5}}}}
                      right: {default: {input: 1, cached_input: 0.5, output: 2}, batch: {input: 0.5, output: 1}}
                """, file: "t.yaml"
            ).book())
        #expect(
            odd.found == [
                "ft:gpt-4o-2024-08-06 input", "ft:gpt-4o-2024-08-06 output", "gpt-3.5-turbo-1106 input",
                "gpt-3.5-turbo-1106 output", "long input",
            ])
    }

    /// Batch rates that are not half of standard. Cached input follows rules of its own.
    private static func oddBatchPrices(_ book: PriceBook) throws -> (found: [String], checked: Int) {
        let half = try Ratio(1, over: 2)
        var found: Set<String> = []
        var checked = 0
        for entry in book.entries where entry.tiers[.batch] != nil {
            for model in entry.models where !model.hasSuffix("*") {
                let at = max(entry.validFrom, Instant(seconds: 0))
                let standard = try book.resolve("\(entry.provider)/\(model)", tier: .standard, at: at)
                let batch = try book.resolve("\(entry.provider)/\(model)", tier: .batch, at: at)
                for input: Int64 in [0, 1_000_000] {
                    let list = try standard.rates(forInput: input, at: at)
                    for (meter, rate) in try batch.rates(forInput: input, at: at) where meter != .cachedInput {
                        checked += 1
                        if try list[meter]?.scaled(by: half) != rate { found.insert("\(model) \(meter.name)") }
                    }
                }
            }
        }
        return (found.sorted(), checked)
    }
}
