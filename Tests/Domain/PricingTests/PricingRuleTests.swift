import Pricing
import Quantities
import Testing

@Suite struct PricingRuleTests {
    let book: PriceBook
    let now: Instant

    init() throws {
        self.book = try SampleBook.make()
        self.now = try moment("2026-11-21T12:00Z")
    }

    func reason(
        _ model: String, _ tier: TierName = .standard, _ usage: TokenUsage = TokenUsage(input: 1, output: 1),
        at: String = "2026-11-21T12:00Z", extras: [Meter: Int64] = [:]
    ) throws -> PricingError? {
        let at = try moment(at)
        do throws(PricingError) {
            _ = try book.price(usage, model: model, tier: tier, at: at, extras: extras)
            return nil
        } catch {
            return error
        }
    }

    @Test("an unknown model has no price, not a price of zero")
    func unknown() throws {
        #expect(try reason("gpt-9") == .unpriced(.unknownModel("gpt-9")))
        #expect(try reason("gpt-9-2026-01-01") == .unpriced(.unknownModel("gpt-9-2026-01-01")))
        #expect(try reason("") == .unpriced(.unknownModel("")))
    }

    @Test("a tier without a price is never another tier's price")
    func tier() throws {
        #expect(try reason("gpt-6.2-sol", .flex) == .unpriced(.tierNotOffered(model: "gpt-6.2-sol", tier: .flex)))
        #expect(try reason("gpt-4-turbo", .batch, at: "2024-04-14T23:59:59Z") != nil)
        #expect(try reason("gpt-4-turbo", .batch, at: "2024-04-15") == nil)
    }

    @Test("before its first and after its last period a model has no price")
    func periods() throws {
        let early = try moment("2025-04-15T23:59:59Z")
        #expect(try reason("o3", at: early.rfc3339) == .unpriced(.noPriceThen(model: "o3", at: early)))
        let late = try moment("2025-09-05T16:00Z")
        #expect(
            try reason("deepseek-reasoner", at: late.rfc3339)
                == .unpriced(.noPriceThen(model: "deepseek-reasoner", at: late)))
    }

    @Test("a band that the tier does not publish is unpriced above the threshold only")
    func band() throws {
        #expect(try reason("gpt-5.4", .priority, TokenUsage(input: 272_000)) == nil)
        #expect(
            try reason("gpt-5.4", .priority, TokenUsage(input: 272_001))
                == .unpriced(.contextBand(model: "gpt-5.4", tier: .priority, above: 272_000)))
    }

    @Test("a used meter without a rate is unpriced")
    func meter() throws {
        var usage = TokenUsage(input: 10)
        usage.audioInput = 5
        #expect(
            try reason("gpt-4o", .standard, usage)
                == .unpriced(.meter(.audioInput, model: "gpt-4o", tier: .standard)))
        usage = TokenUsage(input: 10)
        usage.cacheWrite = 5
        #expect(
            try reason("gpt-4o", .standard, usage)
                == .unpriced(.meter(.cacheWrite, model: "gpt-4o", tier: .standard)))
        #expect(
            try reason("dall-e-3", .standard, .zero, extras: [.imagePiece(size: "512x512", quality: "hd"): 1])
                != nil)
    }

    @Test("a bare name that two providers price must be qualified")
    func ambiguous() throws {
        #expect(try reason("gpt-oss-120b") == .unpriced(.ambiguousModel("gpt-oss-120b")))
        let usage = TokenUsage(input: 1_000_000, cachedInput: 1_000_000)
        let groq = try book.price(usage, model: "groq/gpt-oss-120b", tier: .standard, at: now)
        let fireworks = try book.price(usage, model: "fireworks/gpt-oss-120b", tier: .standard, at: now)
        #expect(groq.amount.decimalDollars == "0.075")
        #expect(fireworks.amount.decimalDollars == "0.015")
    }

    static let impossible: [TokenUsage] = {
        var usages = [
            TokenUsage(input: 10, cachedInput: 11), TokenUsage(input: -1), TokenUsage(input: 5, output: -5),
            TokenUsage(input: 2, cachedInput: 129_017, output: 3),
            TokenUsage(input: 1, output: 5, reasoningOutput: 6),
        ]
        var audio = TokenUsage(input: 10, cachedInput: 5)
        audio.audioInput = 6
        usages.append(audio)
        audio.cachedAudioInput = 6
        usages.append(audio)
        var writes = TokenUsage(input: 10, cachedInput: 5)
        writes.cacheWrite = 6
        usages.append(writes)
        var output = TokenUsage(input: 1, output: 5)
        output.audioOutput = 6
        usages.append(output)
        return usages
    }()

    @Test("a usage that contradicts itself is an error, never negative money", arguments: impossible)
    func inconsistent(_ usage: TokenUsage) throws {
        let error = try #require(try reason("gpt-realtime", .standard, usage))
        guard case .inconsistentUsage = error else {
            Issue.record("\(error)")
            return
        }
        #expect(throws: error) {
            try book.amounts(usage, model: "gpt-realtime", tier: .standard, at: now)
        }
    }

    @Test("counts too large to be true are refused, not wrapped")
    func tooLarge() throws {
        #expect(try reason("gpt-5", .standard, TokenUsage(input: .max, cachedInput: .max)) == .overflow)
        #expect(try reason("gpt-5", .standard, TokenUsage(input: 1 << 50)) == nil)
        #expect(try reason("whisper-1", .standard, .zero, extras: [.secondInput: .max]) == .overflow)
    }

    @Test("extras carry no token counts and nothing negative")
    func extras() throws {
        #expect(
            try reason("gpt-5", .standard, .zero, extras: [.cachedInput: 5])
                == .inconsistentUsage("cached_input tokens belong in the usage"))
        #expect(
            try reason("whisper-1", .standard, .zero, extras: [.secondInput: -1])
                == .inconsistentUsage("the count of second_in is negative"))
    }

    @Test("amounts are rounded once, half to even, at the picodollar")
    func rounding() throws {
        // 0.0001 dollars a million tokens are 100 picodollars a token, so rates down to a fraction need care.
        func amount(_ first: String, _ second: String) throws -> Int128 {
            let rates: [Meter: Rate] = [.input: try each(first, per: 2), .output: try each(second, per: 2)]
            let book = try PriceBook(version: "r", entries: [try entry("m", [.standard: TierPrices(rates)])])
            return try book.price(TokenUsage(input: 1, output: 1), model: "m", tier: .standard, at: now)
                .amount.picodollars
        }
        #expect(try amount("0.000000000001", "0") == 0)
        #expect(try amount("0.000000000003", "0") == 2)
        #expect(try amount("0.000000000005", "0") == 2)
        // Two halves are one whole: rounding each meter first would give 0.
        #expect(try amount("0.000000000001", "0.000000000001") == 1)
    }

    @Test("a price without a finite decimal stays exact")
    func perMinute() throws {
        let priced = try book.price(
            .zero, model: "gpt-realtime-whisper", tier: .standard, at: now, extras: [.secondInput: 2])
        #expect(priced.amount.picodollars == 566_666_667)
        #expect(priced.lines.map(\.exactAmount) == ["17/30000"])
        #expect(priced.lines[0].rate.dollars(per: 60) == "0.017")
        let hour = try book.price(
            .zero, model: "gpt-realtime-whisper", tier: .standard, at: now, extras: [.secondInput: 3_600])
        #expect(hour.amount.decimalDollars == "1.02")
    }

    @Test("a breakdown lists each meter once, and its exact parts sum to the amount")
    func breakdown() throws {
        let priced = try book.price(
            TokenUsage(input: 2_006, cachedInput: 1_920, output: 300), model: "gpt-4o-2024-11-20", tier: .priority,
            at: now)
        #expect(priced.lines.map(\.meter) == [.input, .cachedInput, .output])
        #expect(priced.lines.map(\.quantity) == [86, 1_920, 300])
        #expect(priced.lines.map(\.exactAmount) == ["0.0003655", "0.00408", "0.0051"])
        #expect(priced.amount.decimalDollars == "0.0095455")
        #expect(priced.listAmount?.decimalDollars == "0.005615")
        #expect(priced.saving?.decimalDollars == "-0.0039305")
        #expect(priced.model == "gpt-4o")
    }

    @Test("a breakdown names the band and the window that chose the price")
    func bandAndWindow() throws {
        let long = try book.price(TokenUsage(input: 272_001), model: "gpt-5.5", tier: .flex, at: now)
        #expect(long.band == ">272000")
        #expect(long.saving == long.amount)
        let peak = try book.price(
            TokenUsage(input: 1), model: "deepseek-flash", tier: .standard, at: try moment("2026-11-20T01:00Z"))
        #expect(peak.window == "deepseek-peak")
        #expect(peak.band == nil)
    }

    @Test("a price version names the figures: it changes with them and not with anything else")
    func version() throws {
        func version(_ rates: String, note: String) throws -> String {
            var one = try entry("m", from: "2026-01-01", [.standard: TierPrices(tokens(rates))])
            one.note = note
            return try PriceBook(version: note, entries: [one])
                .resolve("m", tier: .standard, at: now).priceVersion
        }
        let first = try version("1 - - 2", note: "a")
        #expect(first.hasPrefix("openai/m@2026-01-01#"))
        #expect(try version("1 - - 2", note: "b") == first)
        #expect(try version("1 - - 2.000001", note: "a") != first)
    }

    @Test("a kept table says how long it may be kept, aliases included")
    func validity() throws {
        let before = try book.resolve("deepseek-v4-flash", tier: .standard, at: try moment("2026-09-01"))
        #expect(before.validTo == (try moment("2026-09-10")))
        let after = try book.resolve("deepseek-v4-flash", tier: .standard, at: now)
        #expect(after.model == "deepseek-flash")
        #expect(after.validFrom == (try moment("2026-09-10")))
        #expect(throws: PricingError.self) {
            try before.charge(usage: TokenUsage(input: 1), at: now)
        }
    }

    @Test("the tiers of a model are those with a price at that moment")
    func tiers() throws {
        #expect(book.tiers("o3", at: now) == [.batch, .standard, .flex, .priority])
        #expect(book.tiers("o3", at: try moment("2025-05-01")) == [.batch, .standard, .flex])
        #expect(book.tiers("gpt-9", at: now) == [])
    }

    @Test(
        "cached input is part of the input and is listed once (8.3 cases 5 and 6)",
        arguments: [(Int64(17_903), Int64(17_817), Int64(86)), (1_999, 1_792, 207)])
    func uncached(_ input: Int64, _ cached: Int64, _ uncached: Int64) throws {
        let priced = try book.price(
            TokenUsage(input: input, cachedInput: cached), model: "gpt-5", tier: .standard, at: now)
        #expect(priced.lines.map(\.quantity) == [uncached, cached])
        #expect(priced.lines.reduce(0) { $0 + $1.quantity } == input)
    }

    @Test("a table tells its effective rates, fallbacks included")
    func rates() throws {
        let batch = try book.resolve("o3", tier: .batch, at: now).rates(at: now)
        #expect(batch[.cachedInput]?.dollars(per: 1_000_000) == "1")
        let long = try book.resolve("gpt-5.5", tier: .flex, at: now).rates(forInput: 272_001, at: now)
        #expect(long[.output]?.dollars(per: 1_000_000) == "22.5")
        #expect(long[.audioInput] == nil)
    }

    @Test("a bare name with a slash wins over another model's qualified form, always")
    func slashes() throws {
        for _ in 0..<8 {
            let book = try PriceBook(
                version: "t",
                entries: [
                    try entry("m", provider: "p", [.standard: .init(tokens("1"))]),
                    try entry("p/m", provider: "own", [.standard: .init(tokens("2"))]),
                ])
            let usage = TokenUsage(input: 1_000_000)
            #expect(
                try book.amounts(usage, model: "p/m", tier: .standard, at: now).amount.decimalDollars == "2")
            #expect(try book.amounts(usage, model: "m", tier: .standard, at: now).amount.decimalDollars == "1")
        }
    }
}
