import Pricing
import Quantities
import Testing

@Suite("The most that a hold reserves") struct HoldCeilingTests {
    let now: Instant

    init() throws { self.now = try moment("2026-11-21T12:00Z") }

    /// Any usage of at most these tokens.
    private func usage(input: Int64, output: Int64, _ generator: inout SeededGenerator) -> TokenUsage {
        var usage = TokenUsage(
            input: Int64.random(in: 0...input, using: &generator),
            output: Int64.random(in: 0...output, using: &generator))
        var rest = usage.input
        // Most kinds of tokens are in no price, so few of them at a time.
        func part(_ generator: inout SeededGenerator) -> Int64 {
            guard Int.random(in: 0..<3, using: &generator) == 0 else { return 0 }
            let count = Bool.random(using: &generator) ? rest : Int64.random(in: 0...rest, using: &generator)
            rest -= count
            return count
        }
        usage.cachedInput = part(&generator)
        usage.cacheWrite = part(&generator)
        usage.cacheWriteLong = part(&generator)
        usage.audioInput = part(&generator)
        usage.imageInput = part(&generator)
        usage.reasoningOutput = Int64.random(in: 0...usage.output, using: &generator)
        if Bool.random(using: &generator) { usage.audioOutput = usage.output - usage.reasoningOutput }
        return usage
    }

    @Test(
        "no charge within its tokens is higher, whatever kinds of tokens they are",
        arguments: [
            ("gpt-5", "default"), ("gpt-5.4", "priority"), ("gpt-5.5", "flex"), ("gpt-6.2-sol", "default"),
            ("gpt-6.2-sol", "batch"), ("gpt-realtime", "default"), ("claude", "default"), ("thinker", "default"),
            ("deepseek-flash", "default"),
        ])
    func highest(_ model: String, _ tier: String) throws {
        let table = try SampleBook.make().resolve(model, tier: TierName(tier), at: self.now)
        var generator = SeededGenerator(seed: 5)
        var priced = 0
        for _ in 0..<2_000 {
            let input = Int64.random(in: 0...600_000, using: &generator)
            let output = Int64.random(in: 0...10_000, using: &generator)
            let usage = self.usage(input: input, output: output, &generator)
            guard let charge = try? table.charge(usage: usage, at: self.now) else { continue }
            priced += 1
            let ceiling = try table.ceiling(input: input, output: output, at: self.now)
            #expect(charge <= ceiling, "\(usage) of at most \(input) and \(output)")
        }
        #expect(priced > 100)
    }

    @Test("what may wait is bounded by the dearest hours, not by those in which it comes") func dearestHours() throws {
        let table = try SampleBook.make().resolve("deepseek-flash", tier: .standard, at: self.now)
        let hours = (0..<72).map { self.now.advanced(by: .seconds($0 * 3_600)) }
        let charges = try hours.map { try table.charge(usage: TokenUsage(input: 1_000, output: 500), at: $0) }
        #expect(Set(charges).count > 1)
        for hour in hours {
            let ceiling = try table.ceiling(input: 1_000, output: 500, at: hour, atAnyHour: true)
            #expect(charges.allSatisfy { $0 <= ceiling })
        }
    }

    @Test("a band without a price hides none of those below it") func hiddenBand() throws {
        let table = try SampleBook.make().resolve("gpt-5.4", tier: .priority, at: self.now)
        let far = try table.ceiling(input: 1_000_000, output: 0, at: self.now)
        #expect(far == (try table.ceiling(input: 272_000, output: 0, at: self.now)) && far > .zero)
    }

    @Test("a dearer lower band counts as far as it reaches") func dearBelow() throws {
        let book = try PriceBook(
            version: "t", entries: [try entry("m", [.standard: long("4 - - 10", above: 100, "1 - - 1")])])
        let table = try book.resolve("m", tier: .standard, at: self.now)
        #expect(try table.ceiling(input: 100, output: 0, at: self.now) == Money(picodollars: 400_000_000))
        #expect(try table.ceiling(input: 200, output: 0, at: self.now) == Money(picodollars: 400_000_000))
        #expect(try table.ceiling(input: 900, output: 0, at: self.now) == Money(picodollars: 900_000_000))
        #expect(try table.ceiling(input: 900, output: 9, at: self.now) == Money(picodollars: 909_000_000))
    }

    @Test("what is charged nothing, because a rate is missing, has no ceiling") func unpriced() throws {
        let book = try PriceBook(
            version: "t",
            entries: [
                try entry("embedder", [.standard: .init([.input: perMillion("1")])]),
                try entry("speaker", [.standard: .init([.output: perMillion("1")])]),
            ])
        let embedder = try book.resolve("embedder", tier: .standard, at: self.now)
        #expect(try embedder.ceiling(input: 7, output: 0, at: self.now) == Money(picodollars: 7_000_000))
        #expect(
            throws: PricingError.unpriced(.meter(.output, model: "embedder", tier: .standard))
        ) { try embedder.ceiling(input: 7, output: 1, at: self.now) }
        let speaker = try book.resolve("speaker", tier: .standard, at: self.now)
        #expect(
            throws: PricingError.unpriced(.meter(.input, model: "speaker", tier: .standard))
        ) { try speaker.ceiling(input: 7, output: 1, at: self.now) }
        #expect(throws: PricingError.overflow) { try embedder.ceiling(input: .max, output: 0, at: self.now) }
    }
}
