import ConfigurationYAML
import Pricing
import Quantities
import Testing

@Suite struct PriceListTests {
    func amount(_ book: PriceBook, _ model: String, _ tier: TierName = .standard) throws -> String {
        let at = try Instant(rfc3339: "2026-11-21")
        return try book.amounts(TokenUsage(input: 1_000_000), model: model, tier: tier, at: at).amount.decimalDollars
    }

    @Test("own prices are read without a provider, exactly as they are written")
    func ownModel() throws {
        let list = try PriceList.read(
            "models: {llama: {default: {input: 0.1000000001, output: 1e-1}, batch: {times: 0.333333333}}}", file: "f")
        #expect(try amount(list.book(), "llama") == "0.1000000001")
        #expect(try amount(list.book(), "own/llama") == "0.1000000001")
        #expect(list.entries[0].value.provider == "own")
        // Multiplied, then rounded once: 0.0333333333333333333... to twelve digits.
        #expect(try amount(list.book(), "llama", .batch) == "0.033333333333")
    }

    @Test("a layer replaces a model wholly and leaves the others alone")
    func layers() throws {
        let lower = try PriceList.read(
            """
            providers:
              openai:
                models:
                  a, b: {default: {input: 1}, flex: {times: 0.5}}
                aliases: {c: a}
            """, file: "lower")
        let upper = try PriceList.read("models: {a: {default: {input: 3}}, c: {default: {input: 5}}}", file: "upper")
        let book = try lower.overlaid(with: upper).book()
        #expect(try amount(book, "a") == "3")
        #expect(try amount(book, "b", .flex) == "0.5")
        #expect(try amount(book, "c") == "5")
        #expect(throws: PricingError.self) { try amount(book, "a", .flex) }
        #expect(throws: PricingError.self) { try amount(book, "openai/a") }
    }

    @Test("prices may be per thousand, per minute, per hour or per any number")
    func quantities() throws {
        let book = try PriceList.read(
            """
            models:
              m:
                default:
                  second_in: 0.06 / minute
                  second_out: 7.2 / hour
                  search_call: 10 / 1k
                  page: 3 / 250
                  query: 2
            """, file: "f"
        ).book()
        let priced = try book.price(
            .zero, model: "m", tier: .standard, at: Instant(seconds: 0),
            extras: [.secondInput: 1, .secondOutput: 1, .searchCall: 1, .page: 1, .query: 1])
        #expect(priced.lines.map(\.exactAmount) == ["0.001", "0.002", "0.012", "0.01", "2"])
    }

    static let mistakes: [(String, String)] = [
        (
            "models: {m: {default: {inptu: 1}}}",
            "f:1:24: models.m.default.inptu: unknown meter 'inptu'; did you mean 'input'?"
        ),
        (
            "models:\n  m:\n    defualt: {input: 1}",
            "f:3:5: models.m.defualt: unknown tier 'defualt'; did you mean 'default'?"
        ),
        ("model: {}", "f:1:1: model: unknown key 'model'; did you mean 'models'?"),
        (
            "models: {m: {default: {input: abc}}}",
            "f:1:31: models.m.default.input: 'abc' is not a price in dollars, such as 2.5 or 0.017 / minute"
        ),
        (
            "models: {m: {default: {input: -1}}}",
            "f:1:31: models.m.default.input: '-1' is not a price in dollars, such as 2.5 or 0.017 / minute"
        ),
        (
            "models: {m: {default: {input: 1 / minute}}}",
            """
            f:1:31: models.m.default.input: '1 / minute' is not a price per 1M, 1k, a whole number, or \
            minute or hour of seconds
            """
        ),
        ("models: {m: {default: {input: }}}", "f:1:31: models.m.default.input: needs a value"),
        ("models: {m: {default: {}}}", "f:1:23: models.m.default: needs at least one price, or 'times'"),
        ("models: {m: {from: 2026-01-01}}", "f:1:13: models.m: a model needs the price of at least one tier"),
        (
            "models: {m: {from: 2026-13-01, default: {input: 1}}}",
            "f:1:20: models.m.from: '2026-13-01' is not a date such as 2026-11-22 or 2026-11-22T16:00Z"
        ),
        (
            "models:\n  m: {default: {input: 1}}\n  m: {default: {input: 2}}",
            "f:2:3: the key 'm' is given twice in the mapping that starts here"
        ),
        ("models: {m: {default: {input: 1}", "f:2:1: did not find expected ',' or '}'"),
        ("models: {m: {default: {input: 1, during: {night: {input: 2}}}}}", "f:1:13: m: there is no schedule 'night'"),
        (
            "models: {m: {batch: {times: 0.5}}}",
            "f:1:13: m: tier 'batch' is a multiple of 'default', which has no price here"
        ),
        (
            "models:\n  m:\n    - {default: {input: 1}}\n    - {default: {input: 2}}",
            "f:4:7: m: 'm' has another price from the same moment on, at line 3"
        ),
        (
            "models: {m: {to: 2026-01-01, from: 2026-01-01, default: {input: 1}}}",
            "f:1:13: m: the period ends before it starts"
        ),
        ("models: {m: {default: {input: 1}}}\naliases: {n: o}", "f:2:14: n: the alias names 'o', which has no price"),
        (
            "tiers: {flex: {missing_cached: scale}}",
            "f:1:32: tiers.flex.missing_cached: unknown value 'scale'; did you mean 'scaled'?"
        ),
        (
            "schedules: {s: {rules: [{hours: 9-12}]}}",
            "f:1:33: schedules.s.rules[0].hours: '9-12' are no hours such as 09:00-12:00"
        ),
        (
            "schedules: {s: {rules: [{hours: 09:00-12:00, days: mon-fry}]}}",
            "f:1:52: schedules.s.rules[0].days: 'mon-fry' is not a weekday or a range such as mon-fri"
        ),
        (
            "schedules: {s: {utc_offset: 8, rules: []}}",
            "f:1:29: schedules.s.utc_offset: '8' is not an offset such as \"+08:00\" or Z"
        ),
        ("currency: EUR", "f:1:11: currency: must be USD: all amounts are US dollars"),
        ("models: [a]", "f:1:9: models: must be a mapping (key: value)"),
        ("# nothing\n", "f: is empty"),
    ]

    @Test("a mistake is reported with its line, its column and the way to it", arguments: mistakes)
    func reported(_ text: String, _ message: String) {
        let error = refusal { () throws(ConfigurationError) in try PriceList.read(text, file: "f").book() }
        #expect(error?.description == message)
    }

    @Test("all layers of a configuration make one book")
    func configuration() throws {
        let text = "prices: {shipped: false, models: {m: {default: {input: 4}}}}"
        let own = try EbbConfiguration.parse(text, file: "ebb.yaml").prices
        #expect(try own.book(shipped: "not: read").entries.count == 1)
        var both = own
        both.useShipped = true
        let book = try both.book(shipped: "models: {m: {default: {input: 1}}, n: {default: {input: 2}}}")
        #expect(try amount(book, "m") == "4")
        #expect(try amount(book, "n") == "2")
        #expect(
            try EbbConfiguration.parse("prices: {shipped: false}", file: "e").prices.book(shipped: "").entries.isEmpty)
    }

    @Test("the examples of the guide are valid and price as the guide says")
    func guide() throws {
        let blocks = try RepositoryFile.text("docs/guides/prices.md").split(separator: "```yaml\n").dropFirst()
            .map { block in String(block.prefix { $0 != "`" }) }
        #expect(blocks.count == 2)
        let own = try #require(EbbConfiguration.parse(blocks[0], file: "own").prices.own).book()
        #expect(try amount(own, "llama-3.3-70b", "8h") == "0.354")
        let book = try PriceList.read(blocks[1], file: "book").book()
        func price(_ model: String, _ tier: TierName, _ input: Int64, _ at: String) throws -> String {
            let usage = TokenUsage(input: input)
            return try book.amounts(usage, model: model, tier: tier, at: Instant(rfc3339: at)).amount.decimalDollars
        }
        #expect(try price("big", .standard, 100_000, "2025-12-31T23:59:59Z") == "0.3")
        #expect(try price("big-preview", .standard, 100_000, "2026-01-01T00:00Z") == "0.2")
        #expect(try price("big", .batch, 272_001, "2026-01-01") == "0.544002")
        #expect(try price("big", "express", 100_000, "2026-11-20T01:00Z") == "0.6")
        #expect(try price("big", .standard, 100_000, "2026-12-25T01:00Z") == "0.2")
        #expect(try price("big-latest", .standard, 100_000, "2026-11-20") == "0.01")
    }
}
