import Gateway
import GatewayTesting
import Ledger
import Pricing
import Quantities
import Testing
import Tokenizing

/// Counts one token for each byte of text, for models whose name starts with `exact`; four bytes a token otherwise.
private struct ByteCounter: PromptCounting {
    func count(
        _ request: CountableRequest, model: String
    ) async throws(PromptCountingError) -> CountedPrompt {
        var bytes: Int64 = 0
        switch request.prompt {
        case .texts(let texts, let tokens):
            bytes = tokens + texts.reduce(0) { $0 + Int64($1.utf8.count) }
        case .chat(let messages, _):
            for case .text(let text) in messages.flatMap(\.parts) { bytes += Int64(text.utf8.count) }
        }
        return CountedPrompt(
            tokens: bytes, source: .encoding, reasons: model.hasPrefix("exact") ? [] : [.encodingGuessed])
    }
}

@Suite struct QuoteJobTests {
    static let noon = Instant(seconds: 1_790_000_000)

    /// Input 1, cached 0.25, output 4 dollars per million; above 1,000 input tokens twice as much.
    static func book() throws -> PriceBook {
        func rates(_ factor: Int64) throws -> [Meter: Rate] {
            try [
                .input: Rate(Money(dollars: 4 * factor), per: 4_000_000),
                .cachedInput: Rate(Money(dollars: factor), per: 4_000_000),
                .output: Rate(Money(dollars: 4 * factor), per: 1_000_000),
            ]
        }
        let standard = TierPrices(
            RateSet(rates: try rates(1), bands: [ContextBand(above: 1_000, rates: try rates(2))]))
        let half = TierPrices(multiple: .init(by: try Ratio(1, over: 2)))
        let window = TierPrices(multiple: .init(by: try Ratio(decimal: "0.7")))
        return try PriceBook(
            version: "test",
            entries: [
                PriceEntry(
                    provider: "p", models: ["exact-a", "b"],
                    tiers: [.standard: standard, .batch: half, "2h": window])
            ])
    }

    func quote(
        _ text: String, models: [String] = [], tiers: [TierName]? = nil, pieces: Int = 7,
        ledger: (any LedgerStore)? = nil, change: (inout QuoteJob.Settings) -> Void = { _ in }
    ) async throws -> QuoteReport {
        var settings = QuoteJob.Settings(models: models, tiers: tiers, at: Self.noon)
        change(&settings)
        let job = QuoteJob(book: try Self.book(), counter: ByteCounter(), ledger: ledger, settings: settings)
        var rest = Array(text.utf8)[...]
        return try await job.run {
            let piece = Array(rest.prefix(pieces))
            rest = rest.dropFirst(pieces)
            return piece
        }
    }

    static func body(_ model: String, _ text: String, _ more: String = "") -> String {
        #"{"model":"\#(model)","messages":[{"role":"user","content":"\#(text)"}]\#(more)}"#
    }

    @Test("Prompt, floor, expected and highest output give three prices in each tier")
    func tiers() async throws {
        let text = String(repeating: "x", count: 100)
        let report = try await self.quote(Self.body("exact-a", text, #","max_tokens":1000,"n":2"#))
        let model = try #require(report.models.first)
        #expect(report.lines == 1 && report.invalidCount == 0)
        #expect(model.promptTokens == 100 && model.reasons.isEmpty)
        #expect([model.outputFloor, model.outputExpected, model.outputMax] == [2, 512, 2_000])
        #expect(model.rows.map(\.tier) == [.standard, .batch, "2h"])
        let standard = try #require(model.rows[0].amounts)
        #expect(standard.floor.decimalDollars == "0.000108")
        #expect(standard.expected.decimalDollars == "0.002148")
        #expect(standard.max.decimalDollars == "0.0081")
        #expect(model.rows[1].amounts?.max.decimalDollars == "0.00405")
        #expect(model.rows[1].expectedSaving?.decimalDollars == "0.001074")
        #expect(model.rows[2].amounts?.expected.decimalDollars == "0.0015036")
    }

    @Test("A configured window has a row of its own, at the price of its tier; asking for it asks for that")
    func windows() async throws {
        let windows: [QuoteJob.Window] = [.init(window: try CompletionWindow("1h"), tier: .batch)]
        let body = Self.body("exact-a", "x")
        let all = try #require(try await self.quote(body) { $0.windows = windows }.models.first)
        #expect(all.rows.map(\.tier) == [.standard, .batch, .batch, "2h"])
        #expect(all.rows.map(\.window) == [nil, nil, "1h", nil])
        #expect(all.rows[2].price == all.rows[1].price)
        let one = try #require(try await self.quote(body, tiers: ["1h"]) { $0.windows = windows }.models.first)
        #expect(one.rows.map(\.tier) == [.batch, .standard])
        let shipped = [QuoteJob.Window(window: .twoHours, tier: "2h"), .init(window: .eightHours, tier: "8h")]
        let shown = try #require(try await self.quote(body) { $0.windows = shipped }.models.first)
        #expect(shown.rows.map(\.tier) == [.standard, .batch, "2h"], "8h has no price, 2h has one")
        let asked = try #require(try await self.quote(body, tiers: ["8h"]) { $0.windows = shipped }.models.first)
        #expect(asked.rows.map(\.tier) == ["8h", .standard] && asked.rows[0].amounts == nil)
    }

    @Test("Each engine has the price of the model that it would serve, or none")
    func engines() async throws {
        var first = QuoteEngine(id: EngineID("first"), url: "http://first")
        first.targets["m"] = .init(engineModel: "exact-a", priceName: "exact-a")
        let second = QuoteEngine(id: EngineID("second"), url: "http://second")
        let report = try await self.quote(Self.body("m", "xxxx")) { $0.engines = [first, second] }
        let quotes = try #require(report.models.first?.engines)
        #expect(quotes.map(\.target?.engineModel) == ["exact-a", nil])
        #expect(quotes[0].rows.first?.amounts?.floor.decimalDollars == "0.000008")
        #expect(quotes[1].rows.isEmpty)
    }

    @Test("A text that all prompts end with is found behind what varies, with what it would save in front")
    func commonEnding() async throws {
        let rule = String(repeating: "rule ", count: 80)
        let behind = (1...5).map { Self.body("exact-a", "river \($0) \(rule)") }
        let model = try #require(try await self.quote(behind.joined(separator: "\n")).models.first)
        // A space stands before the rule in every prompt.
        #expect(model.endingTokens == 401)
        // Four more prompts at 0.25 instead of 1 dollar a million.
        #expect(model.endingSaving?.decimalDollars == "0.001203")
        let apart = (1...5).map {
            #"{"model":"exact-a","messages":[{"role":"user","content":"\#($0)"},{"role":"system","content":"\#(rule)"}]}"#
        }
        #expect(try await self.quote(apart.joined(separator: "\n")).models.first?.endingTokens == 401)
        let inFront = (1...5).map { Self.body("exact-a", "\(rule)\(rule) river \($0)") }
        let ordered = try #require(try await self.quote(inFront.joined(separator: "\n")).models.first)
        #expect(ordered.endingTokens == 0)
        #expect(try #require(ordered.inputOrderSaving) > .zero)
        let equal = [behind[0], behind[0]].joined(separator: "\n")
        #expect(try await self.quote(equal).models.first?.endingTokens == 0)
        let embeddings = (1...5).map { #"{"model":"exact-a","input":"\#($0) \#(rule)"}"# }
        #expect(try await self.quote(embeddings.joined(separator: "\n")).models.first?.endingTokens == 0)
    }

    @Test("A long request is priced in its own context band, short ones beside it are not")
    func bands() async throws {
        let long = Self.body("exact-a", String(repeating: "x", count: 1_001), #","max_tokens":0"#)
        let short = Self.body("exact-a", String(repeating: "x", count: 1_000), #","max_tokens":0"#)
        let report = try await self.quote("\(long)\n\(short)\n", pieces: 500)
        #expect(report.models.first?.rows.first?.amounts?.expected.decimalDollars == "0.003002")
    }

    @Test("Without a limit the model's limit holds, else the documented one; embeddings have no output")
    func outputs() async throws {
        let open = try await self.quote(Self.body("exact-a", "x"))
        #expect(open.models.first?.outputMax == QuoteJob.outputMaxDefault)
        let limited = try await self.quote(Self.body("exact-a", "x")) { $0.outputMax["exact-a"] = 99 }
        #expect(limited.models.first?.outputMax == 99 && limited.models.first?.outputExpected == 99)
        let embedding = try await self.quote(#"{"model":"exact-a","input":["ab","c"]}"#)
        #expect(embedding.models.first?.outputMax == 0 && embedding.models.first?.promptTokens == 3)
        let prompts = try await self.quote(#"{"model":"exact-a","prompt":["ab","c"],"max_tokens":5,"n":3}"#)
        #expect(prompts.models.first?.outputMax == 30)
    }

    @Test("Past answers of a model say how long its next ones will be; another model's do not")
    func pastAnswers() async throws {
        let ledger = InMemoryStore()
        for (number, output): (Int, Int64) in [(1, 30), (2, 31)] {
            let charge = Charge(
                request: RequestID("req_\(number)"), project: "p", endpoint: "/v1/chat/completions", engine: "e",
                requestedModel: "exact-a", servedModel: "exact-a-2026", servedTier: .standard, startedAt: Self.noon,
                finishedAt: Self.noon, usage: TokenUsage(input: 1, output: output), amount: nil, listAmount: nil,
                priceVersion: "test", outcome: .answered)
            _ = try await ledger.commit(.charge(charge))
        }
        let lines = [
            Self.body("exact-a", "x"), Self.body("exact-a", "x", #","max_tokens":5"#),
            Self.body("exact-a", "x", #","n":2"#), Self.body("b", "x"),
        ]
        let report = try await self.quote(lines.joined(separator: "\n"), ledger: ledger)
        #expect(report.models.map(\.pastAnswers) == [2, 0])
        #expect(report.models.map(\.expectedEach) == [31, QuoteJob.expectedOutputDefault])
        #expect(report.models.map(\.outputExpected) == [31 + 5 + 62, QuoteJob.expectedOutputDefault])
    }

    @Test("Lines that cannot be quoted are listed with the codes of batches; the others count")
    func invalidLines() async throws {
        let good = Self.body("exact-a", "x")
        let report = try await self.quote(
            """
            \(good)
            {oops

            {"custom_id":"a","method":"POST"}
            {"custom_id":"a","body":[]}
            {"model":"exact-a"}
            {"messages":[{"role":"user","content":"x"}]}
            \(Self.body("exact-a", "x", #","max_tokens":"many""#))
            {"custom_id":"b","method":"POST","url":"/v1/chat/completions","body":\(good)}
            """)
        #expect(report.lines == 8 && report.models.first?.lines == 2)
        #expect(report.invalidLines.map(\.line) == [2, 4, 5, 6, 7, 8])
        #expect(
            report.invalidLines.map(\.code) == [
                "invalid_json_line", "missing_required_parameter", "invalid_type", "invalid_request",
                "invalid_request", "invalid_type",
            ])
    }

    @Test("At most a hundred invalid lines are kept, all are counted")
    func manyInvalidLines() async throws {
        let report = try await self.quote(String(repeating: "{\n", count: 1_000), pieces: 64)
        #expect(report.invalidCount == 1_000 && report.invalidLines.count == 100)
    }

    @Test("Models that are asked for replace the file's, each with its own count; unknown ones stay unpriced")
    func models() async throws {
        let report = try await self.quote(
            Self.body("exact-a", "xyz"), models: ["b", "nobody"], tiers: [.standard, .flex])
        #expect(report.models.map(\.model) == ["b", "nobody"])
        #expect(report.models.first?.reasons == [.encodingGuessed])
        #expect(report.models.first?.rows.map { $0.amounts == nil } == [false, true])
        #expect(report.models.last?.rows.allSatisfy { $0.amounts == nil } == true)
        let named = try await self.quote(Self.body("mine", "xyz")) { $0.priceNames["mine"] = "exact-a" }
        #expect(named.models.first?.rows.first?.amounts != nil)
    }

    @Test("Equal beginnings apart from each other can be shared when they are brought together")
    func prefixes() async throws {
        let first = String(repeating: "a", count: 2_000)
        let second = String(repeating: "b", count: 2_000)
        let lines = [first + "1", second + "1", first + "2", second + "2"].map { Self.body("exact-a", $0) }
        let apart = try await self.quote(lines.joined(separator: "\n"), pieces: 1_000)
        #expect(apart.prefixes.sharedInInputOrder == 0)
        #expect(apart.prefixes.sharedInPrefixOrder == 2 * (2_000 / 128))
        #expect(try #require(apart.models.first?.prefixSaving) > .zero)
        let sorted = [lines[0], lines[2], lines[1], lines[3]].joined(separator: "\n")
        let together = try await self.quote(sorted, pieces: 1_000)
        #expect(together.prefixes.sharedInInputOrder == 2 * (2_000 / 128))
        #expect(together.models.first?.prefixSaving == .zero)
    }
}
