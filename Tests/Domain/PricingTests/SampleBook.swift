import Pricing
import Quantities

// A book for tests, in Swift so that these tests need no file format. Figures: OpenAI, DeepSeek and Mistral price
// history as the shipped book documents it.

/// `input cached write output` in dollars per million tokens; `-` leaves one out.
func tokens(_ text: String) throws -> [Meter: Rate] {
    let meters: [Meter] = [.input, .cachedInput, .cacheWrite, .output]
    var rates: [Meter: Rate] = [:]
    for (meter, word) in zip(meters, text.split(separator: " ")) where word != "-" {
        rates[meter] = try perMillion(word)
    }
    return rates
}

func perMillion(_ text: some StringProtocol) throws -> Rate {
    try Rate(Money(decimalDollars: text), per: 1_000_000)
}

func each(_ text: String, per quantity: Int64 = 1) throws -> Rate {
    try Rate(Money(decimalDollars: text), per: quantity)
}

func moment(_ text: String) throws -> Instant { try Instant(rfc3339: text) }

func entry(
    _ model: String, provider: String = "openai", from: String? = nil, to: String? = nil,
    _ tiers: [TierName: TierPrices]
) throws -> PriceEntry {
    PriceEntry(
        provider: provider, models: [model], validFrom: try from.map(moment) ?? Instant(nanoseconds: .min),
        validTo: try to.map(moment) ?? Instant(nanoseconds: .max), tiers: tiers, source: "test",
        checkedOn: "2026-11-21")
}

func times(_ ratio: String, _ exceptions: [Meter: Rate] = [:]) throws -> TierPrices {
    TierPrices(RateSet(rates: exceptions), multiple: .init(by: try Ratio(decimal: ratio)))
}

func long(_ base: String, above: Int64 = 272_000, _ band: String) throws -> TierPrices {
    TierPrices(RateSet(rates: try tokens(base), bands: [ContextBand(above: above, rates: try tokens(band))]))
}

enum SampleBook {
    static func make() throws -> PriceBook {
        try PriceBook(
            version: "test", entries: try chat() + newest() + deepSeek() + media() + others(),
            aliases: [
                ModelAlias(
                    name: "gpt-3.5-turbo", target: "gpt-3.5-turbo-0613", validTo: try moment("2024-02-16")),
                ModelAlias(
                    name: "gpt-3.5-turbo", target: "gpt-3.5-turbo-0125", validFrom: try moment("2024-02-16")),
                ModelAlias(
                    name: "deepseek-v4-flash", target: "deepseek-flash", validFrom: try moment("2026-09-10")),
            ],
            schedules: [try peak(), offPeak()])
    }

    static func chat() throws -> [PriceEntry] {
        [
            try entry("gpt-3.5-turbo-0613", [.standard: .init(tokens("1.5 - - 2"))]),
            try entry("gpt-3.5-turbo-0125", [.standard: .init(tokens("0.5 - - 1.5"))]),
            try entry("ft:gpt-3.5-turbo*", from: "2023-08-22", [.standard: .init(tokens("12 - - 16"))]),
            try entry(
                "ft:gpt-3.5-turbo*", from: "2023-11-06", [.standard: .init(tokens("3 - - 6")), .batch: times("0.5")]),
            try entry("gpt-3.5-turbo-1106", [.standard: .init(tokens("1 - - 2"))]),
            try entry("gpt-4-32k", [.standard: .init(tokens("60 - - 120"))]),
            try entry("gpt-4", [.standard: .init(tokens("30 - - 60")), .batch: times("0.5")]),
            try entry("gpt-4-turbo", from: "2023-11-06", [.standard: .init(tokens("10 - - 30"))]),
            try entry(
                "gpt-4-turbo", from: "2024-04-15", [.standard: .init(tokens("10 - - 30")), .batch: times("0.5")]),
            try entry(
                "gpt-4o",
                [
                    .standard: .init(tokens("2.5 1.25 - 10")), .batch: .init(tokens("1.25 - - 5")),
                    .priority: .init(tokens("4.25 2.125 - 17")),
                ]),
            try entry(
                "gpt-4o-mini",
                [
                    .standard: .init(tokens("0.15 0.075 - 0.6")), .batch: .init(tokens("0.075 - - 0.3")),
                    .priority: .init(tokens("0.25 0.125 - 1")),
                ]),
            try entry(
                "gpt-4.1", [.standard: .init(tokens("2 0.5 - 8")), .priority: .init(tokens("3.5 0.875 - 14"))]),
            try entry(
                "gpt-4.1-mini",
                [.standard: .init(tokens("0.4 0.1 - 1.6")), .priority: .init(tokens("0.7 0.175 - 2.8"))]),
            try entry(
                "o3", from: "2025-04-16", to: "2025-06-10",
                [
                    .standard: .init(tokens("10 2.5 - 40")), .batch: .init(tokens("5 - - 20")),
                    .flex: .init(tokens("5 - - 20")),
                ]),
            try entry(
                "o3", from: "2025-06-10",
                [
                    .standard: .init(tokens("2 0.5 - 8")), .batch: .init(tokens("1 - - 4")),
                    .flex: .init(tokens("1 0.25 - 4")), .priority: .init(tokens("3.5 0.875 - 14")),
                ]),
            try entry(
                "o4-mini", from: "2025-04-16",
                [
                    .standard: .init(tokens("1.1 0.275 - 4.4")), .batch: .init(tokens("0.55 - - 2.2")),
                    .flex: .init(tokens("0.55 0.138 - 2.2")), .priority: .init(tokens("2 0.5 - 8")),
                ]),
        ]
    }

    static func newest() throws -> [PriceEntry] {
        [
            try entry(
                "gpt-5",
                [
                    .standard: .init(tokens("1.25 0.125 - 10")), .batch: times("0.5"), .flex: times("0.5"),
                    .priority: times("2"),
                ]),
            try entry(
                "gpt-5.4",
                [
                    .standard: long("2.5 0.25 - 15", "5 0.5 - 22.5"),
                    .batch: times("0.5", [.cachedInput: perMillion("0.13")]),
                    .flex: times("0.5", [.cachedInput: perMillion("0.13")]),
                    .priority: .init(tokens("5 0.5 - 30")),
                ]),
            try entry("gpt-5.5", [.standard: long("5 0.5 - 30", "10 1 - 45"), .flex: times("0.5")]),
            try entry(
                "gpt-5.6-luna",
                [.standard: long("0.2 0.02 0.25 1.2", "0.4 0.04 0.5 1.8"), .flex: times("0.5")]),
            try entry("gpt-6.2-sol", from: "2026-11-17", to: "2027-03-01T08:00Z", sol(ultrafast: "3")),
            try entry("gpt-6.2-sol", from: "2027-03-01T08:00Z", sol(ultrafast: "6")),
        ]
    }

    private static func sol(ultrafast: String) throws -> [TierName: TierPrices] {
        var standard = try long("2 0.1 2.5 10", "4 0.2 5 15")
        standard.prices.rates[.cacheWriteLong] = try perMillion("5")
        standard.prices.rates[.searchCall] = try each("10", per: 1_000)
        return [
            .standard: standard, .batch: try times("0.5"), .priority: try times("2"), "2h": try times("0.7"),
            "8h": try times("0.6"), "ultrafast": try times(ultrafast),
        ]
    }

    static func peak() throws -> PriceSchedule {
        let hours = [
            PriceSchedule.Hours(start: 9 * 3_600, end: 12 * 3_600), .init(start: 14 * 3_600, end: 18 * 3_600),
        ]
        let weekends = try moment("2026-08-22T16:00Z")
        return PriceSchedule(
            name: "deepseek-peak", utcOffsetSeconds: 8 * 3_600,
            rules: [
                .init(validTo: weekends, hours: hours),
                .init(
                    validFrom: weekends, weekdays: [1, 2, 3, 4, 5], hours: hours,
                    exceptDays: [CivilTime(year: 2026, month: 10, day: 1).daysSinceEpoch]),
            ])
    }

    static func offPeak() -> PriceSchedule {
        PriceSchedule(
            name: "deepseek-night", utcOffsetSeconds: 0, rules: [.init(hours: [.init(start: 59_400, end: 1_800)])])
    }

    static func windowed(_ base: String, _ schedule: String, _ inside: String) throws -> TierPrices {
        TierPrices(
            RateSet(rates: try tokens(base)),
            windows: [WindowPrices(schedule: schedule, prices: RateSet(rates: try tokens(inside)))])
    }

    static func deepSeek() throws -> [PriceEntry] {
        [
            try entry(
                "deepseek-reasoner", provider: "deepseek", from: "2025-01-20", to: "2025-02-26",
                [.standard: .init(tokens("0.55 0.14 - 2.19"))]),
            try entry(
                "deepseek-reasoner", provider: "deepseek", from: "2025-02-26", to: "2025-09-05T16:00Z",
                [.standard: windowed("0.55 0.14 - 2.19", "deepseek-night", "0.135 0.035 - 0.55")]),
            try entry(
                "deepseek-v4-flash", provider: "deepseek", from: "2026-08-16T16:00Z",
                [.standard: windowed("0.22 0.007 - 0.66", "deepseek-peak", "0.44 0.014 - 1.32")]),
            try entry(
                "deepseek-flash", provider: "deepseek", from: "2026-09-10",
                [.standard: windowed("0.15 0.003 - 0.6", "deepseek-peak", "0.3 0.006 - 1.2")]),
        ]
    }

    static func media() throws -> [PriceEntry] {
        var pieces: [Meter: Rate] = [:]
        for (size, standard, hd) in [
            ("1024x1024", "0.04", "0.08"), ("1024x1792", "0.08", "0.12"), ("1792x1024", "0.08", "0.12"),
        ] {
            pieces[.imagePiece(size: size, quality: "standard")] = try each(standard)
            pieces[.imagePiece(size: size, quality: "hd")] = try each(hd)
        }
        let smaller = try [("256x256", "0.016"), ("512x512", "0.018"), ("1024x1024", "0.020")].map {
            (Meter.imagePiece(size: $0.0, quality: "standard"), try each($0.1))
        }
        return [
            try entry("dall-e-3", [.standard: .init(pieces)]),
            try entry("dall-e-2", [.standard: .init(Dictionary(uniqueKeysWithValues: smaller))]),
            try entry("tts-1", [.standard: .init([.character: perMillion("15")])]),
            try entry("tts-1-hd", [.standard: .init([.character: perMillion("30")])]),
            try entry("whisper-1", [.standard: .init([.secondInput: each("0.006", per: 60)])]),
            try entry("gpt-realtime-whisper", [.standard: .init([.secondInput: each("0.017", per: 60)])]),
            try entry("gpt-live-1", [.standard: .init([.secondInput: each("0.05", per: 60)])]),
            try entry(
                "gpt-realtime",
                [
                    .standard: .init([
                        .input: perMillion("4"), .cachedInput: perMillion("0.4"), .output: perMillion("16"),
                        .audioInput: perMillion("32"), .cachedAudioInput: perMillion("0.4"),
                        .audioOutput: perMillion("64"), .imageInput: perMillion("5"),
                    ])
                ]),
            try entry(
                "gpt-image-1",
                [
                    .standard: .init([
                        .input: perMillion("5"), .cachedInput: perMillion("1.25"), .imageInput: perMillion("10"),
                        .imageOutput: perMillion("40"),
                    ])
                ]),
            try entry("code-interpreter", [.standard: .init([.session: each("0.03")])]),
            try entry("retrieval", [.standard: .init([.gigabyteDay: each("0.20")])]),
            try entry("file-search", [.standard: .init([.fileSearchCall: each("2.5", per: 1_000)])]),
        ]
    }

    static func others() throws -> [PriceEntry] {
        [
            try entry(
                "deepinfra-model", provider: "deepinfra",
                [.standard: .init(tokens("0.1 - - 0.95")), .priority: times("1.5")]),
            try entry("fireworks-model", provider: "fireworks", [.standard: .init(tokens("1.4 0.26 - 4.4"))]),
            try entry("gpt-oss-120b", provider: "groq", [.standard: .init(tokens("0.15 0.075 - 0.6"))]),
            try entry("gpt-oss-120b", provider: "fireworks", [.standard: .init(tokens("0.15 0.015 - 0.6"))]),
            try entry("gemini", provider: "google", [.standard: .init(tokens("1.25 0.625 - 10"))]),
            try entry("small", provider: "test", [.standard: .init(tokens("0.5 0.05 - 3"))]),
            try entry("claude", provider: "anthropic", [.standard: .init(tokens("3 0.3 3.75 15"))]),
            try entry(
                "vertex-model", provider: "google",
                [.standard: .init(tokens("0.3 - - 2.5")), .flex: .init(tokens("0.15 - - 1.25"))]),
            try entry("chatgpt", provider: "own", [.standard: .init([.request: each("700000")])]),
            try entry("free", provider: "own", [.standard: .init(tokens("0 0 - 0"))]),
            try entry(
                "thinker", provider: "own",
                [
                    .standard: .init([
                        .input: perMillion("1"), .output: perMillion("2"), .reasoningOutput: perMillion("5"),
                    ])
                ]
            ),
        ]
    }
}
