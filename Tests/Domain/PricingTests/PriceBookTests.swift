import Pricing
import Quantities
import Testing

@Suite struct PriceBookTests {
    func refusal(
        _ entries: [PriceEntry], aliases: [ModelAlias] = [], schedules: [PriceSchedule] = [],
        rules: [TierRule] = TierRule.customary
    ) -> PriceBookError? {
        do throws(PriceBookError) {
            _ = try PriceBook(
                version: "t", entries: entries, aliases: aliases, schedules: schedules, tierRules: rules)
            return nil
        } catch {
            return error
        }
    }

    @Test("entries without a usable name or period are refused by their place")
    func names() throws {
        let good = try entry("m", [.standard: .init(tokens("1 - - 1"))])
        var bad = good
        bad.models = []
        #expect(refusal([good, bad]) == .noModelName(entry: 1))
        bad.models = ["*"]
        #expect(refusal([bad]) == .noModelName(entry: 0))
        bad = good
        bad.validTo = bad.validFrom
        #expect(refusal([bad]) == .emptyPeriod(entry: 0))
        #expect(refusal([good, good]) == .samePeriod(entry: 1, earlier: 0, model: "m"))
    }

    @Test("a later entry ends the earlier one, whatever their order in the book")
    func order() throws {
        let first = try entry("m", from: "2026-01-01", [.standard: .init(tokens("1")), .flex: times("0.5")])
        let second = try entry("m", from: "2026-02-01", [.standard: .init(tokens("3"))])
        let book = try PriceBook(version: "t", entries: [second, first])
        func price(_ at: String, _ tier: TierName = .standard) throws -> Int128 {
            try book.amounts(TokenUsage(input: 1_000_000), model: "m", tier: tier, at: moment(at)).amount.picodollars
        }
        #expect(try price("2026-01-31T23:59:59.9Z") == 1_000_000_000_000)
        #expect(try price("2026-02-01") == 3_000_000_000_000)
        #expect(throws: PricingError.unpriced(.tierNotOffered(model: "m", tier: .flex))) {
            try price("2026-02-01", .flex)
        }
    }

    @Test("a multiple must name another tier that the entry states")
    func multiples() throws {
        let dangling = try entry("m", [.batch: times("0.5")])
        #expect(refusal([dangling]) == .unknownBaseTier(entry: 0, tier: .batch, base: .standard))
        let half = try Ratio(1, over: 2)
        let circle = try entry(
            "m",
            [
                "a": TierPrices(multiple: .init(of: "b", by: half)),
                "b": TierPrices(multiple: .init(of: "a", by: half)),
            ])
        guard case .unknownBaseTier = refusal([circle]) else {
            Issue.record("a circle was accepted")
            return
        }
    }

    @Test("a multiple of a multiple, of bands and of windows is exact")
    func chained() throws {
        var standard = try SampleBook.windowed("3", "deepseek-night", "1")
        standard.prices.bands = [ContextBand(above: 10, rates: try tokens("7"))]
        let book = try PriceBook(
            version: "t",
            entries: [
                try entry(
                    "m",
                    [
                        .standard: standard, .batch: times("0.5"),
                        "slow": TierPrices(multiple: .init(of: .batch, by: Ratio(decimal: "0.7"))),
                    ])
            ], schedules: [SampleBook.offPeak()])
        func price(_ input: Int64, _ at: String) throws -> String {
            try book.amounts(TokenUsage(input: input), model: "m", tier: "slow", at: moment(at))
                .amount.decimalDollars
        }
        #expect(try price(10, "2026-11-20T12:00Z") == "0.0000105")
        #expect(try price(11, "2026-11-20T12:00Z") == "0.00002695")
        #expect(try price(10, "2026-11-20T16:30Z") == "0.0000035")
    }

    @Test("bands must rise")
    func bands() throws {
        var prices = TierPrices(try tokens("1"))
        prices.prices.bands = [
            ContextBand(above: 200, rates: [:]), ContextBand(above: 100, rates: [:]),
        ]
        #expect(refusal([try entry("m", [.standard: prices])]) == .bandsOutOfOrder(entry: 0, tier: .standard))
        prices.prices.bands = [ContextBand(above: 0, rates: [:])]
        #expect(refusal([try entry("m", [.standard: prices])]) == .bandsOutOfOrder(entry: 0, tier: .standard))
    }

    @Test("schedules and aliases must exist and make sense")
    func references() throws {
        let windowed = try entry("m", [.standard: SampleBook.windowed("1", "nights", "2")])
        #expect(refusal([windowed]) == .unknownSchedule(entry: 0, name: "nights"))
        let bad = PriceSchedule(
            name: "nights", utcOffsetSeconds: 0, rules: [.init(weekdays: [0], hours: [.init(start: 0, end: 5)])])
        #expect(refusal([windowed], schedules: [bad]) == .badSchedule(name: "nights"))
        let good = PriceSchedule(name: "nights", utcOffsetSeconds: 0, rules: [])
        #expect(refusal([windowed], schedules: [good, good]) == .duplicateName("nights"))
        #expect(refusal([windowed], schedules: [good]) == nil)
        #expect(
            refusal([windowed], aliases: [ModelAlias(name: "a", target: "b")], schedules: [good])
                == .aliasTargetUnknown(name: "a", target: "b"))
        let circle = [ModelAlias(name: "a", target: "b"), ModelAlias(name: "b", target: "a")]
        #expect(refusal([windowed], aliases: circle, schedules: [good]) == .aliasCycle(name: "a"))
    }

    @Test("the longest prefix wins, and exact and undated names come before prefixes")
    func prefixes() throws {
        let book = try PriceBook(
            version: "t",
            entries: [
                try entry("llama-*", [.standard: .init(tokens("1"))]),
                try entry("llama-3*", [.standard: .init(tokens("2"))]),
                try entry("llama-3-70b", [.standard: .init(tokens("3"))]),
            ])
        for (name, price) in [("llama-2", "1"), ("llama-3-8b", "2"), ("llama-3-70b-2025-01-01", "3")] {
            let amount = try book.amounts(
                TokenUsage(input: 1_000_000), model: name, tier: .standard, at: Instant(seconds: 0))
            #expect(amount.amount.decimalDollars == price)
        }
    }

    @Test("a window of the day past midnight belongs to the day on which it starts")
    func pastMidnight() throws {
        let fridays = PriceSchedule(
            name: "friday night", utcOffsetSeconds: 0,
            rules: [.init(weekdays: [5], hours: [.init(start: 22 * 3_600, end: 2 * 3_600)])])
        for (text, inside) in [
            ("2026-11-20T21:59:59Z", false), ("2026-11-20T22:00Z", true), ("2026-11-21T01:59:59Z", true),
            ("2026-11-21T02:00Z", false), ("2026-11-20T01:00Z", false), ("2026-11-21T22:00Z", false),
        ] {
            #expect(fridays.contains(try moment(text)) == inside, "\(text)")
        }
    }

    @Test("the next start of a schedule's hours is found, past closed days and midnight")
    func nextStart() throws {
        let nights = PriceSchedule(
            name: "nights", utcOffsetSeconds: 3_600,
            rules: [
                .init(weekdays: [1, 2, 3, 4, 5], hours: [.init(start: 22 * 3_600, end: 6 * 3_600)]),
                .init(weekdays: [6], hours: [.init(start: 12 * 3_600, end: 13 * 3_600)]),
            ])
        // 2026-11-20 is a Friday.
        for (text, start) in [
            ("2026-11-20T12:00Z", "2026-11-20T21:00Z"), ("2026-11-20T20:59:59Z", "2026-11-20T21:00Z"),
            ("2026-11-21T05:00Z", "2026-11-21T11:00Z"), ("2026-11-21T12:00Z", "2026-11-23T21:00Z"),
            ("2026-11-20T23:00Z", "2026-11-20T23:00Z"),
        ] {
            #expect(nights.nextStart(after: try moment(text)) == (try moment(start)), "\(text)")
        }
        let past = PriceSchedule(
            name: "past", utcOffsetSeconds: 0,
            rules: [.init(validTo: Instant(seconds: 0), hours: [.init(start: 0, end: 86_400)])])
        #expect(past.nextStart(after: try moment("2026-11-20")) == nil)
        let later = PriceSchedule(
            name: "later", utcOffsetSeconds: 0,
            rules: [.init(validFrom: try moment("2026-12-24T03:00Z"), hours: [.init(start: 0, end: 86_400)])])
        #expect(later.nextStart(after: try moment("2026-11-20")) == (try moment("2026-12-24T03:00Z")))
    }

    @Test("a schedule counts its weekdays in its own zone")
    func zone() throws {
        let mondays = PriceSchedule(
            name: "monday in Beijing", utcOffsetSeconds: 8 * 3_600,
            rules: [.init(weekdays: [1], hours: [.init(start: 0, end: 0)])])
        #expect(!mondays.contains(try moment("2026-11-15T15:59:59Z")))
        #expect(mondays.contains(try moment("2026-11-15T16:00Z")))
        #expect(mondays.contains(try moment("2026-11-16T15:59:59Z")))
        #expect(!mondays.contains(try moment("2026-11-16T16:00Z")))
    }

    @Test("meter names are read back as they are written")
    func meterNames() {
        for meter in Meter.plain + [.imagePiece(size: "1024x1792", quality: "hd")] {
            #expect(Meter(name: meter.name) == meter)
        }
        #expect(Meter(name: "inputs") == nil)
        #expect(Meter(name: "image_piece(1024)") == nil)
    }

    @Test("sums of random usages are the exact sum of their meters, rounded once")
    func randomUsages() throws {
        let book = try SampleBook.make()
        let at = try moment("2026-11-21T12:00Z")
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<500 {
            let input = Int64.random(in: 0...300_000, using: &generator)
            var usage = TokenUsage(input: input, cachedInput: Int64.random(in: 0...input, using: &generator))
            usage.cacheWrite = Int64.random(in: 0...(input - usage.cachedInput), using: &generator)
            usage.output = Int64.random(in: 0...10_000, using: &generator)
            let priced = try book.price(usage, model: "gpt-6.2-sol", tier: "2h", at: at)
            // Written again by hand: 0.7 of 2 / 0.1 / 2.5 / 10, doubled (output 1.5 times) above 272,000.
            let long: Int128 = input > 272_000 ? 2 : 1
            let plain = Int128(input - usage.cachedInput - usage.cacheWrite) * 1_400_000
            let cache = Int128(usage.cachedInput) * 70_000 + Int128(usage.cacheWrite) * 1_750_000
            let output = Int128(usage.output) * (long == 2 ? 10_500_000 : 7_000_000)
            #expect(priced.amount.picodollars == (plain + cache) * long + output)
            #expect(try book.amounts(usage, model: "gpt-6.2-sol", tier: "2h", at: at).amount == priced.amount)
        }
    }
}
