import Gateway
import OpenAIWire
import Pricing
import Quantities
import Testing

/// With input at a dollar a million tokens and output free, or the other way round, a bound says how many tokens it
/// assumes.
@Suite("The most that a request may cost") struct CostBoundTests {
    private static let at = Instant(seconds: 1_790_000_000)
    /// What a chat template may add.
    private static let template: Int128 = 1_024

    private static func tokens(
        _ body: String, _ endpoint: Endpoint, model: String = "own-m", input: String, output: String
    ) throws -> Int128? {
        let rates: [Meter: Rate] = [
            .input: try Rate(try Money(decimalDollars: input), per: 1_000_000),
            .output: try Rate(try Money(decimalDollars: output), per: 1_000_000),
        ]
        let book = try PriceBook(
            version: "t", entries: [PriceEntry(provider: "own", models: ["m"], tiers: [.standard: TierPrices(rates)])])
        let bytes = Array(body.utf8)
        let most = CostBound(pricer: Pricer(book: book), at: Self.at).most(
            try RequestFacts.scan(bytes, endpoint), body: bytes, engineModels: [model], tiers: [.standard])
        return most.map { $0.picodollars / 1_000_000 }
    }

    private static func input(_ body: String, _ endpoint: Endpoint, model: String = "own-m") throws -> Int128? {
        try self.tokens(body, endpoint, model: model, input: "1", output: "0")
    }

    private static func output(_ body: String, _ endpoint: Endpoint) throws -> Int128? {
        try self.tokens(body, endpoint, input: "0", output: "1")
    }

    @Test(
        "every prompt gets all its answers, each to its limit",
        arguments: [
            (#""prompt":"a","max_tokens":10"#, 10),
            (#""prompt":["a","b","c"],"max_tokens":10"#, 30),
            (#""prompt":[[1,2],[3,4]],"max_tokens":10"#, 20),
            (#""prompt":[1,2,3,4],"max_tokens":10"#, 10),
            (#""prompt":"a","max_tokens":10,"n":3"#, 30),
            (#""prompt":"a","max_tokens":10,"best_of":5"#, 50),
            (#""prompt":"a","max_tokens":10,"n":3,"best_of":5"#, 50),
            (#""prompt":["a","b"],"max_tokens":10,"n":3,"best_of":5"#, 100),
            (#""prompt":["a","b"],"n":2"#, 4 * 4_096),
            (#""prompt":["a","b"],"max_tokens":0"#, 0),
        ] as [(String, Int128)])
    func completions(_ fields: String, _ tokens: Int128) throws {
        #expect(try Self.output(#"{"model":"m",\#(fields)}"#, .completions) == tokens)
    }

    @Test("answers of a chat are counted, and embeddings have none") func answers() throws {
        let chat = #"{"model":"m","messages":[{"role":"user","content":"a"}],"max_completion_tokens":7,"n":4}"#
        #expect(try Self.output(chat, .chatCompletions) == 28)
        #expect(try Self.output(#"{"model":"m","input":["a","b"],"max_tokens":9}"#, .embeddings) == 0)
    }

    @Test("more answers than can be counted fit under no cap") func overflow() throws {
        let body = #"{"model":"m","prompt":["a","b"],"max_tokens":9000000000000000000,"n":128}"#
        let most = try #require(try Self.output(body, .completions))
        #expect(most > 1 << 60)
    }

    @Test(
        "no text, list of texts or list of tokens has more tokens than bytes",
        arguments: [
            (#"{"model":"m","prompt":["a","b","c"]}"#, .completions),
            (#"{"model":"m","prompt":[1,2,3]}"#, .completions),
            (#"{"model":"m","prompt":[[1,2],[3]]}"#, .completions),
            (#"{"model":"m","input":"text"}"#, .embeddings),
            (#"{"model":"m","input":["a","b"]}"#, .embeddings),
            (#"{"model":"m","input":[[1,2],[3]]}"#, .embeddings),
        ] as [(String, Endpoint)])
    func texts(_ body: String, _ endpoint: Endpoint) throws {
        #expect(try Self.input(body, endpoint) == Int128(body.utf8.count))
    }

    private static func chat(_ part: String) -> String {
        #"{"model":"m","messages":[{"role":"user","content":[\#(part)]}]}"#
    }

    private static func image(_ url: String, detail: String? = nil) -> String {
        let detail = detail.map { #","detail":"\#($0)""# } ?? ""
        return #"{"type":"image_url","image_url":{"url":"\#(url)"\#(detail)}}"#
    }

    @Test(
        "an image behind a URL costs the most that its family makes of one, or its low cost",
        arguments: [
            ("gpt-4o", nil, 85 + 8 * 170), ("gpt-4o", "high", 85 + 8 * 170), ("gpt-4o", "low", 85),
            ("gpt-4o-mini-2024-07-18", nil, 2_833 + 8 * 5_667), ("gpt-4o-mini", "low", 2_833),
            ("gpt-5", "auto", 70 + 8 * 140), ("o3", nil, 75 + 8 * 150),
            // 1,536 patches, times 1.62, 2.46 and 1.72, rounded up; the cost of `low` is not published.
            ("gpt-4.1-mini", nil, 2_489), ("gpt-5-nano", "low", 3_779), ("o4-mini", "high", 2_642),
            // `auto` is `original` from gpt-5.5 on.
            ("gpt-5.4", nil, 3_000), ("gpt-5.5", nil, 12_000), ("gpt-5.5", "low", 308), ("gpt-5.6-sol", nil, 36_000),
            ("Qwen/Qwen3-VL-8B", nil, 16_384), ("Qwen/Qwen3-VL-8B", "low", 16_384), ("gpt-4o", "new", 85 + 8 * 170),
        ] as [(String, String?, Int128)])
    func remoteImages(_ model: String, _ detail: String?, _ tokens: Int128) throws {
        let one = Self.chat(Self.image("https://example.org/a.png", detail: detail))
        // One more than the rule, as measured.
        #expect(
            try Self.input(one, .chatCompletions, model: model) == Int128(one.utf8.count) + Self.template + tokens + 1)
        let part = Self.image("https://example.org/a.png", detail: detail)
        let three = Self.chat([part, part, part].joined(separator: ","))
        #expect(
            try Self.input(three, .chatCompletions, model: model)
                == Int128(three.utf8.count) + Self.template + 3 * (tokens + 1))
    }

    @Test("an image in the body costs what its size says, not its bytes") func inlineImage() throws {
        // The header of a PNG of 1,024 by 1,024 pixels: four tiles after shrinking.
        let header = "iVBORw0KGgoAAAANSUhEUgAABAAAAAQACAYAAAB/HSuD"
        let url = "data:image/png;base64," + header + String(repeating: "A", count: 40_000)
        let body = Self.chat(Self.image(url))
        let rest = Int128(body.utf8.count - url.utf8.count) + Self.template
        #expect(try Self.input(body, .chatCompletions, model: "gpt-4o") == rest + 765 + 1)
        #expect(try Self.input(body, .chatCompletions, model: "own-m") == rest + 16_384 + 1)
        let unreadable = Self.chat(Self.image("data:image/png;base64,AAAA"))
        let most = Int128(unreadable.utf8.count - 26) + Self.template + 85 + 8 * 170 + 1
        #expect(try Self.input(unreadable, .chatCompletions, model: "gpt-4o") == most)
    }

    @Test("a file that lies elsewhere may fill the context") func openPart() throws {
        let body = Self.chat(#"{"type":"file","file":{"file_id":"file-1"}}"#)
        #expect(try Self.input(body, .chatCompletions) == Int128(body.utf8.count) + Self.template + 1 << 20)
    }

    @Test("the dearest name and the largest reading count") func names() throws {
        func entry(_ model: String, _ price: String) throws -> PriceEntry {
            let rate = try Rate(try Money(decimalDollars: price), per: 1_000_000)
            return PriceEntry(
                provider: "own", models: [model], tiers: [.standard: TierPrices([.input: rate, .output: rate])])
        }
        let book = try PriceBook(version: "t", entries: [entry("m", "1"), entry("gpt-4o", "3"), entry("gpt-5", "2")])
        let bound = CostBound(pricer: Pricer(book: book), at: Self.at)
        let bytes = Array(Self.chat(Self.image("https://x/y")).utf8)
        let facts = try RequestFacts.scan(bytes, .chatCompletions)
        let tokens = Int128(bytes.count) + Self.template + 85 + 8 * 170 + 1 + 4_096
        #expect(
            bound.most(facts, body: bytes, engineModels: ["gpt-5", "gpt-4o"], tiers: [.standard])
                == Money(picodollars: tokens * 3_000_000))
        #expect(bound.most(facts, body: bytes, engineModels: ["gpt-5"], tiers: [.flex]) == nil)
    }
}
