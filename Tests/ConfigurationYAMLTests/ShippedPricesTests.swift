import ConfigurationYAML
import Pricing
import Quantities
import Testing

/// The shipped book, read once.
private enum Shipped {
    static let book = Result { try list.get().book() }
    static let list = Result { try PriceList.read(RepositoryFile.text(path), file: "prices.yaml") }
    static let path = "Sources/EbbCommands/Resources/prices.yaml"
}

@Suite struct ShippedPricesTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let model: String
        let tier: TierName
        let at: String
        /// Input, cached input, cache write, output: dollars per million tokens; `-` is not checked.
        let prices: String
        var testDescription: String { "\(self.model) \(self.tier) \(self.at)" }

        init(_ model: String, _ tier: TierName, _ prices: String, at: String = "2026-11-21") {
            self.model = model
            self.tier = tier
            self.at = at
            self.prices = prices
        }
    }

    static let newest: [Row] = [
        .init("gpt-4o", .standard, "2.5 1.25 - 10"), .init("gpt-4o", .batch, "1.25 1.25 - 5"),
        .init("gpt-4o", .priority, "4.25 2.125 - 17"), .init("gpt-4o-2024-05-13", .priority, "8.75 8.75 - 26.25"),
        .init("gpt-4o-2024-11-20", .standard, "2.5 1.25 - 10"), .init("gpt-4o-mini", .priority, "0.25 0.125 - 1"),
        .init("gpt-4.1", .priority, "3.5 0.875 - 14"), .init("gpt-4.1-nano", .batch, "0.05 0.05 - 0.2"),
        .init("o1", .batch, "7.5 7.5 - 30"), .init("o3", .flex, "1 0.25 - 4"), .init("o3", .batch, "1 1 - 4"),
        .init("o3-pro", .batch, "10 10 - 40"), .init("o4-mini", .flex, "0.55 0.138 - 2.2"),
        .init("o4-mini", .priority, "2 0.5 - 8"), .init("gpt-5", .flex, "0.625 0.0625 - 5"),
        .init("gpt-5-mini", .priority, "0.45 0.045 - 3.6"), .init("gpt-5-nano", .flex, "0.025 0.0025 - 0.2"),
        .init("gpt-5-pro", .batch, "7.5 7.5 - 60"), .init("gpt-5.2", .batch, "0.875 0.0875 - 7"),
        .init("gpt-5.3-codex", .priority, "3.5 0.35 - 28"), .init("gpt-5.4", .flex, "1.25 0.13 - 7.5"),
        .init("gpt-5.4", .batch, "1.25 0.13 - 7.5"), .init("gpt-5.4", .priority, "5 0.5 - 30"),
        .init("gpt-5.4-nano", .batch, "0.1 0.01 - 0.625"), .init("gpt-5.5", .priority, "12.5 1.25 - 75"),
        .init("gpt-5.6-sol", .standard, "4 0.4 5 20"), .init("gpt-5.6-terra", .flex, "1 0.1 1.25 6"),
        .init("gpt-5.6-luna", .priority, "0.4 0.04 0.5 2.4"), .init("gpt-6-astra", "ultrafast", "60 6 75 300"),
        .init("gpt-6-sol", .batch, "1 0.1 1.25 5"), .init("gpt-6-luna", .flex, "0.05 0.005 0.0625 0.25"),
        .init("gpt-6-luna", "decisions", "0.1 - - 0"), .init("gpt-6.1-sol", "ultrafast", "12 0.6 15 60"),
        .init("gpt-6.1-terra", .standard, "1 0.05 1.25 5"), .init("gpt-6-rosalind", .standard, "15 1.5 18.75 75"),
        .init("gpt-6.2-sol", "2h", "1.4 0.07 1.75 7"), .init("gpt-6.2-sol", "8h", "1.2 0.06 1.5 6"),
        .init("gpt-6.2-astra", .batch, "4 0.2 5 20"), .init("text-embedding-3-large", .batch, "0.065 - - -"),
        .init("mistral-large-4", .standard, "0.7 0.07 - 2.1"),
    ]

    static let history: [Row] = [
        .init("gpt-3.5-turbo", .standard, "1.5 - - 2", at: "2023-12-01"),
        .init("gpt-3.5-turbo", .standard, "0.5 - - 1.5", at: "2024-06-01"),
        .init("gpt-3.5-turbo-1106", .standard, "1 - - 2", at: "2024-01-01"),
        .init("ft:gpt-3.5-turbo-0613:a::b", .batch, "1.5 - - 3", at: "2024-06-01"),
        .init("gpt-4", .standard, "30 - - 60", at: "2023-06-01"),
        .init("gpt-4-32k", .standard, "60 - - 120", at: "2023-06-01"),
        .init("gpt-4-turbo-2024-04-09", .batch, "5 - - 15", at: "2024-05-01"),
        .init("gpt-4o", .standard, "5 5 - 15", at: "2024-07-01"),
        .init("gpt-4o", .standard, "2.5 2.5 - 10", at: "2024-09-30T23:59:59Z"),
        .init("gpt-4o", .standard, "2.5 1.25 - 10", at: "2024-10-01"),
        .init("o3", .standard, "10 2.5 - 40", at: "2025-06-09T23:59:59Z"),
        .init("o3", .flex, "5 1.25 - 20", at: "2025-04-17"),
        .init("o3", .standard, "2 0.5 - 8", at: "2025-06-10"),
        .init("o1-mini", .standard, "3 1.5 - 12", at: "2024-12-01"),
        .init("gpt-5.6-sol", .standard, "5 0.5 6.25 30", at: "2026-08-20T23:59:59Z"),
        .init("gpt-5.6-luna", .standard, "1 0.1 1.25 6", at: "2026-07-29"),
        .init("gpt-6.2-sol", "ultrafast", "6 0.3 7.5 30", at: "2027-03-01T07:59:59Z"),
        .init("gpt-6.2-sol", "ultrafast", "12 0.6 15 60", at: "2027-03-01T08:00Z"),
        .init("deepseek-chat", .standard, "0.14 0.014 - 0.28", at: "2025-02-08T15:59:59Z"),
        .init("deepseek-chat", .standard, "0.27 0.07 - 1.1", at: "2025-02-08T16:00Z"),
        .init("deepseek-chat", .standard, "0.135 0.035 - 0.55", at: "2025-03-10T16:30Z"),
        .init("deepseek-reasoner", .standard, "0.56 0.07 - 1.68", at: "2025-09-05T16:00Z"),
        .init("deepseek-chat", .standard, "0.28 0.028 - 0.42", at: "2025-09-29"),
        .init("deepseek-v4-pro", .standard, "0.435 0.003625 - 0.87", at: "2026-05-01"),
        .init("deepseek-v4-pro", .standard, "1.32 0.044 - 3.96", at: "2026-11-20T06:00Z"),
        .init("deepseek-v4-flash", .standard, "0.22 0.007 - 0.66", at: "2026-09-09T12:00Z"),
        .init("deepseek-v4-flash", .standard, "0.15 0.003 - 0.6", at: "2026-09-10T12:00Z"),
        .init("deepseek-flash", .standard, "0.15 0.003 - 0.6", at: "2026-10-07T02:00Z"),
        .init("deepseek-flash", .standard, "0.3 0.006 - 1.2", at: "2026-10-08T02:00Z"),
        .init("mistral-medium-latest", .standard, "0.4 - - 2", at: "2026-06-15"),
        .init("mistral-medium-latest", .standard, "1.5 0.15 - 7.5", at: "2026-06-16"),
        .init("mistral-small-latest", .standard, "0.15 0.015 - 0.6", at: "2026-03-16"),
        .init("mistral-large-4", .standard, "1.36 0.14 - 4.18", at: "2026-10-28"),
    ]

    @Test("the shipped book states the published rates", arguments: newest + history)
    func rates(_ row: Row) throws {
        let at = try Instant(rfc3339: row.at)
        let table = try Shipped.book.get().resolve(row.model, tier: row.tier, at: at)
        var usages = [TokenUsage(input: 100_000), TokenUsage(input: 100_000, cachedInput: 100_000)]
        usages.append(TokenUsage(input: 100_000))
        usages[2].cacheWrite = 100_000
        usages.append(TokenUsage(input: 0, output: 100_000))
        for (usage, text) in zip(usages, row.prices.split(separator: " ")) where text != "-" {
            let amount = try table.charge(usage: usage, at: at)
            #expect(amount.picodollars * 10 == (try Money(decimalDollars: text)).picodollars)
        }
    }

    @Test(
        "what is not published has no price",
        arguments: [
            ("gpt-6.2-sol", TierName.flex, "2026-11-21", Int64(10)), ("gpt-6.2-astra", .flex, "2026-11-21", 10),
            ("gpt-4o", .flex, "2026-11-21", 10), ("gpt-5-nano", .priority, "2026-11-21", 10),
            ("gpt-5.4", .priority, "2026-11-21", 272_001), ("gpt-5.5", .priority, "2026-11-21", 272_001),
            ("gpt-4-turbo", .batch, "2024-04-14", 10), ("o3", .flex, "2025-04-16", 10),
            ("gpt-7", .standard, "2026-11-21", 10), ("gpt-5.4-turbo", .standard, "2026-11-21", 10),
        ])
    func unpriced(_ model: String, _ tier: TierName, _ at: String, _ input: Int64) throws {
        let at = try Instant(rfc3339: at)
        let book = try Shipped.book.get()
        let error = #expect(throws: PricingError.self) {
            try book.amounts(TokenUsage(input: input), model: model, tier: tier, at: at)
        }
        guard case .unpriced = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test(
        "meters other than tokens have their published price",
        arguments: [
            ("dall-e-2", Meter.imagePiece(size: "256x256", quality: "standard"), Int64(1), "0.016"),
            ("dall-e-3", .imagePiece(size: "1792x1024", quality: "hd"), 1, "0.12"),
            ("tts-1", .character, 1, "0.000015"),
            ("tts-1-hd", .character, 4_096, "0.12288"), ("whisper-1", .secondInput, 90, "0.009"),
            ("gpt-transcribe", .secondInput, 1, "0.000075"), ("gpt-live-1", .secondInput, 90, "0.075"),
            ("gpt-realtime-whisper", .secondInput, 3_600, "1.02"), ("retrieval", .gigabyteDay, 2, "0.4"),
            ("file-search", .fileSearchCall, 1_000, "2.5"), ("web-search", .searchCall, 1, "0.01"),
            ("code-interpreter", .secondInput, 1_200, "0.03"), ("mistral-ocr-latest", .page, 1_000, "4"),
        ])
    func otherMeters(_ model: String, _ meter: Meter, _ count: Int64, _ dollars: String) throws {
        let at = try Instant(rfc3339: "2026-11-21")
        let priced = try Shipped.book.get()
            .price(.zero, model: model, tier: .standard, at: at, extras: [meter: count])
        #expect(priced.amount.decimalDollars == dollars)
    }

    @Test(
        "a gpt-image-1 picture costs its output tokens",
        arguments: [
            (Int64(272), "0.01088"), (408, "0.01632"), (400, "0.016"), (1_056, "0.04224"), (1_584, "0.06336"),
            (1_568, "0.06272"), (4_160, "0.1664"), (6_240, "0.2496"), (6_208, "0.24832"),
        ])
    func pictures(_ tokens: Int64, _ dollars: String) throws {
        let at = try Instant(rfc3339: "2026-11-21")
        let usage = TokenUsage(input: 0, output: tokens)
        let priced = try Shipped.book.get()
            .price(usage, model: "gpt-image-1", tier: .standard, at: at, extras: [.imageOutput: tokens])
        #expect(priced.amount.decimalDollars == dollars)
    }

    @Test("every shipped entry names its source and the day it was checked")
    func provenance() throws {
        for entry in try Shipped.list.get().entries {
            #expect(!entry.value.source.isEmpty && entry.value.checkedOn == "2026-11-21", "\(entry.value.models)")
        }
    }

    @Test("batch and flex never cost more than standard, and nothing cached more than uncached")
    func plausible() throws {
        let book = try Shipped.book.get()
        let at = try Instant(rfc3339: "2026-11-21")
        for model in Set(book.entries.flatMap(\.models)) where !model.hasSuffix("*") {
            guard let standard = try? book.resolve(model, tier: .standard, at: at) else { continue }
            let usage = TokenUsage(input: 1_000, cachedInput: 500, output: 100)
            let plain = TokenUsage(input: 1_000, output: 100)
            guard let list = try? standard.charge(usage: usage, at: at) else { continue }
            #expect(list <= (try standard.charge(usage: plain, at: at)), "\(model)")
            for tier in [TierName.flex, .batch] {
                guard let table = try? book.resolve(model, tier: tier, at: at) else { continue }
                #expect(try table.charge(usage: plain, at: at) <= standard.charge(usage: plain, at: at), "\(model)")
            }
        }
    }
}
