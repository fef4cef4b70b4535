import Pricing
import Quantities
import Testing

/// One published figure: what was used, and what it costs.
struct Golden: CustomTestStringConvertible, Sendable {
    let name: String
    let model: String
    var tier: TierName = .standard
    var at = "2026-11-21T12:00:00Z"
    var usage = TokenUsage()
    var extras: [Meter: Int64] = [:]
    let dollars: String

    var testDescription: String { self.name }

    init(
        _ name: String, _ model: String, _ tier: TierName = .standard, at: String = "2026-11-21T12:00:00Z",
        input: Int64 = 0, cached: Int64 = 0, output: Int64 = 0, extras: [Meter: Int64] = [:], _ dollars: String
    ) {
        self.name = name
        self.model = model
        self.tier = tier
        self.at = at
        self.usage = TokenUsage(input: input, cachedInput: cached, output: output)
        self.extras = extras
        self.dollars = dollars
    }

    init(_ name: String, _ model: String, _ usage: TokenUsage, _ dollars: String) {
        self.name = name
        self.model = model
        self.usage = usage
        self.dollars = dollars
    }
}

@Suite struct GoldenPriceTests {
    let book: PriceBook

    init() throws { self.book = try SampleBook.make() }

    static let articles: [Golden] = [
        .init("G001 o3 standard", "o3", at: "2025-05-01", input: 1_000, output: 500, "0.03"),
        .init("G001 o3 flex", "o3", .flex, at: "2025-05-01", input: 1_000, output: 500, "0.015"),
        .init("G001 o3 flex after the cut", "o3", .flex, at: "2025-07-01", input: 1_000, output: 500, "0.003"),
        .init("G002 o4-mini standard", "o4-mini", input: 10_000, output: 2_000, "0.0198"),
        .init("G002 o4-mini flex", "o4-mini", .flex, input: 10_000, output: 2_000, "0.0099"),
        .init("G003 o3 batch", "o3", .batch, at: "2025-05-01", input: 1_000, output: 500, "0.015"),
        .init("G003 o4-mini batch", "o4-mini", .batch, input: 10_000, output: 2_000, "0.0099"),
        .init("G020 one session", "openai-tools", extras: [.session: 1], "0.03"),
        .init("G020 two sessions", "openai-tools", extras: [.session: 2], "0.06"),
        .init("G021 1 GB, a day, two assistants", "openai-tools", extras: [.gigabyteDay: 2], "0.4"),
        .init("G023 vision low", "gpt-4-turbo", input: 85, "0.00085"),
        .init("G024 vision high 1000x1000", "gpt-4-turbo", input: 765, "0.00765"),
        .init("G026 GPT-4 Turbo input", "gpt-4-turbo", input: 1_000, "0.01"),
        .init("G027 GPT-4 Turbo output", "gpt-4-turbo", output: 1_000, "0.03"),
        .init(
            "G029 fine-tuned GPT-3.5", "ft:gpt-3.5-turbo-0613:org::id", input: 1_000_000, output: 1_000_000, "9"),
        .init(
            "G029 before the cut", "ft:gpt-3.5-turbo-0613:org::id", at: "2023-10-01", input: 1_000_000,
            output: 1_000_000, "28"),
        .init("G030 256", "dall-e-2", extras: [piece("256x256"): 1], "0.016"),
        .init("G030 512", "dall-e-2", extras: [piece("512x512"): 1], "0.018"),
        .init("G030 1024", "dall-e-2", extras: [piece("1024x1024"): 3], "0.06"),
        .init("G031 standard", "dall-e-3", extras: [piece("1024x1024"): 1], "0.04"),
        .init("G031 HD", "dall-e-3", extras: [piece("1024x1024", "hd"): 1], "0.08"),
        .init("G032 tall", "dall-e-3", extras: [piece("1024x1792"): 1], "0.08"),
        .init("G032 wide HD", "dall-e-3", extras: [piece("1792x1024", "hd"): 1], "0.12"),
        .init("G034 one character", "tts-1", extras: [.character: 1], "0.000015"),
        .init("G034 4,096 characters", "tts-1", extras: [.character: 4_096], "0.06144"),
        .init("G034 HD", "tts-1-hd", extras: [.character: 4_096], "0.12288"),
        .init("G035 90 s", "whisper-1", extras: [.secondInput: 90], "0.009"),
        .init("G050 input", "gpt-4-turbo", .batch, at: "2024-05-01", input: 1_000_000, "5"),
        .init("G050 output", "gpt-4-turbo", .batch, at: "2024-05-01", output: 1_000_000, "15"),
    ]

    static let worked: [Golden] = [
        .init("o3 batch, half cached", "o3", .batch, input: 1_000_000, cached: 500_000, "1"),
        .init("gpt-5 batch, half cached", "gpt-5", .batch, input: 1_000_000, cached: 500_000, "0.34375"),
        .init("flex cached as published", "o4-mini", .flex, input: 1_000_000, cached: 1_000_000, "0.138"),
        .init("flex cached scaled", "o3", .flex, at: "2025-05-01", input: 1_000_000, cached: 1_000_000, "1.25"),
        .init("5.4 flex cached", "gpt-5.4", .flex, input: 100_000, cached: 100_000, "0.013"),
        .init("5.4 flex cached, long", "gpt-5.4", .flex, input: 1_000_000, cached: 1_000_000, "0.25"),
        .init("5.4 batch 272,000", "gpt-5.4", .batch, input: 272_000, output: 1_000, "0.3475"),
        .init("5.4 batch 272,001", "gpt-5.4", .batch, input: 272_001, output: 1_000, "0.6912525"),
        .init("luna at the threshold", "gpt-5.6-luna", input: 272_000, output: 1_000, "0.0556"),
        .init("luna above it", "gpt-5.6-luna", input: 272_001, output: 1_000, "0.1106004"),
        .init("5.5 at the threshold", "gpt-5.5", input: 272_000, output: 1_000, "1.39"),
        .init("5.5 above it", "gpt-5.5", input: 272_001, output: 1_000, "2.76501"),
        .init("gpt-5 standard", "gpt-5", input: 10_000, cached: 8_000, output: 1_000, "0.0135"),
        .init("gpt-5 flex", "gpt-5", .flex, input: 10_000, cached: 8_000, output: 1_000, "0.00675"),
        .init("gpt-5 batch", "gpt-5", .batch, input: 10_000, cached: 8_000, output: 1_000, "0.00675"),
        .init("gpt-5 priority", "gpt-5", .priority, input: 10_000, cached: 8_000, output: 1_000, "0.027"),
        .init("6.2-sol", "gpt-6.2-sol", input: 10_000, output: 1_000, "0.03"),
        .init("6.2-sol 2h", "gpt-6.2-sol", "2h", input: 10_000, output: 1_000, "0.021"),
        .init("6.2-sol 8h", "gpt-6.2-sol", "8h", input: 10_000, output: 1_000, "0.018"),
        .init("6.2-sol batch", "gpt-6.2-sol", .batch, input: 10_000, output: 1_000, "0.015"),
        .init("6.2-sol fast", "gpt-6.2-sol", "fast", input: 10_000, output: 1_000, "0.06"),
        .init("6.2-sol ultrafast", "gpt-6.2-sol", "ultrafast", input: 10_000, output: 1_000, "0.09"),
        .init(
            "6.2-sol ultrafast, last moment at 3x", "gpt-6.2-sol", "ultrafast", at: "2027-03-01T07:59:59.9Z",
            input: 10_000, output: 1_000, "0.09"),
        .init(
            "6.2-sol ultrafast at 6x", "gpt-6.2-sol", "ultrafast", at: "2027-03-01T08:00Z", input: 10_000,
            output: 1_000, "0.18"),
        .init("6.2-sol 2h, searches undiscounted", "gpt-6.2-sol", "2h", extras: [.searchCall: 3], "0.03"),
        .init("gpt-live-1, 90 s", "gpt-live-1", extras: [.secondInput: 90], "0.075"),
        .init("file search", "openai-tools", extras: [.fileSearchCall: 1], "0.0025"),
    ]

    static let deepSeek: [Golden] = [
        .init(
            "Monday before peak", "deepseek-flash", at: "2026-11-16T00:59:59Z", input: 1_000_000, output: 100_000,
            "0.21"),
        .init(
            "Monday at peak", "deepseek-flash", at: "2026-11-16T01:00:00Z", input: 1_000_000, output: 100_000, "0.42"),
        .init(
            "Monday last peak second", "deepseek-flash", at: "2026-11-16T03:59:59Z", input: 1_000_000, output: 100_000,
            "0.42"),
        .init(
            "Monday after peak", "deepseek-flash", at: "2026-11-16T04:00:00Z", input: 1_000_000, output: 100_000, "0.21"
        ),
        .init(
            "Monday afternoon", "deepseek-flash", at: "2026-11-16T09:59:59Z", input: 1_000_000, output: 100_000,
            "0.42"),
        .init("Saturday", "deepseek-flash", at: "2026-11-21T02:00:00Z", input: 1_000_000, output: 100_000, "0.21"),
        .init("a holiday", "deepseek-flash", at: "2026-10-01T02:00:00Z", input: 1_000_000, output: 100_000, "0.21"),
        .init(
            "a Sunday while every day had peaks", "deepseek-v4-flash", at: "2026-08-16T16:00Z", input: 1_000_000, "0.22"
        ),
        .init("the last Saturday peak", "deepseek-v4-flash", at: "2026-08-22T09:59Z", input: 1_000_000, "0.44"),
        .init("the first free Sunday", "deepseek-v4-flash", at: "2026-08-23T02:00Z", input: 1_000_000, "0.22"),
        .init("renamed model", "deepseek-v4-flash", at: "2026-09-10T11:00Z", input: 1_000_000, output: 100_000, "0.21"),
        .init("R1 by day", "deepseek-reasoner", at: "2025-03-12T12:00Z", input: 1_000_000, output: 100_000, "0.769"),
        .init("R1 by night", "deepseek-reasoner", at: "2025-03-12T17:00Z", input: 1_000_000, output: 100_000, "0.19"),
        .init(
            "R1 after midnight", "deepseek-reasoner", at: "2025-03-13T00:29:59Z", input: 1_000_000, output: 100_000,
            "0.19"),
        .init(
            "R1 in the morning", "deepseek-reasoner", at: "2025-03-13T00:30Z", input: 1_000_000, output: 100_000,
            "0.769"),
        .init(
            "one of DeepSeek's days", "deepseek-reasoner", at: "2025-02-20", input: 608_000_000_000,
            cached: 342_000_000_000, output: 168_000_000_000, "562100"),
    ]

    static let peersBugs: [Golden] = [
        .init("8.3/1 cached not subtracted", "gpt-4o", input: 2_006, cached: 1_920, output: 300, "0.005615"),
        .init("8.3/2 float drift", "gpt-5", input: 9_126, cached: 4_864, output: 3_197, "0.0379055"),
        .init("8.3/3 cached twice", "gemini", input: 262_960, cached: 257_955, output: 1_744, "0.184918125"),
        .init("8.3/4 cache rate ignored", "fireworks-model", input: 27_147, cached: 27_146, output: 351, "0.00860376"),
        .init("8.3/8 both rates", "small", input: 20_212, cached: 16_298, output: 931, "0.0055649"),
        .init("8.3/15 4o-mini priority", "gpt-4o-mini", .priority, input: 9, output: 2, "0.00000425"),
        .init("8.3/15 4o priority", "gpt-4o", .priority, input: 9, output: 1, "0.00005525"),
        .init("8.3/15 4.1 priority", "gpt-4.1", .priority, input: 9, output: 1, "0.0000455"),
        .init("8.3/15 4.1-mini priority", "gpt-4.1-mini", .priority, input: 9, output: 1, "0.0000091"),
        .init("8.3/16 snapshot flex", "o4-mini-2025-04-16", .flex, input: 10_000, output: 2_000, "0.0099"),
        .init("8.3/17 default", "deepinfra-model", input: 11, output: 5, "0.00000585"),
        .init("8.3/17 priority 1.5x", "deepinfra-model", .priority, input: 11, output: 5, "0.000008775"),
        .init("8.3/21 o3 batch cached", "o3", .batch, input: 1_000_000, cached: 500_000, "1"),
        .init("8.3/22 cached tokens count for the band", "gpt-5.4", input: 272_001, cached: 272_001, "0.1360005"),
        .init("8.3/23 zero stays zero", "gpt-5", input: 0, "0"),
        .init("8.3/35 whisper once", "whisper-1", extras: [.secondInput: 90], "0.009"),
        .init("8.3/36 alias in 2023", "gpt-3.5-turbo", at: "2023-12-01", input: 1_000_000, output: 1_000_000, "3.5"),
        .init("8.3/36 alias in 2025", "gpt-3.5-turbo", at: "2025-08-01", input: 1_000_000, output: 1_000_000, "2"),
        .init("8.1 one of 100,000 calls", "gpt-4", input: 160, output: 160, "0.0144"),
        .init("an explicit zero is a price", "free", input: 1_000, cached: 10, output: 1_000, "0"),
        .init("mixed realtime turn", "gpt-realtime", realtime(), "0.07478"),
        .init("an hour of audio in", "gpt-realtime", audio(input: 36_000), "1.152"),
        .init("an hour of audio out", "gpt-realtime", audio(output: 72_000), "4.608"),
        .init("8.3/25 reasoning inside output", "gpt-5", reasoning(), "0.0001"),
        .init("reasoning priced apart", "thinker", reasoning(), "0.000041"),
        .init("cache write", "gpt-6.2-sol", writes(), "0.00984"),
        .init("6.3 FOCUS input side", "claude", focus(), "33.9"),
        .init(
            "5 medium 1024 pictures", "gpt-image-1", input: 0, output: 5_280, extras: [.imageOutput: 5_280], "0.2112"),
    ]

    @Test("published figures come out exactly", arguments: articles + worked + deepSeek + peersBugs)
    func figures(_ golden: Golden) throws {
        let at = try moment(golden.at)
        let priced = try book.price(
            golden.usage, model: golden.model, tier: golden.tier, at: at, extras: golden.extras)
        #expect(priced.amount == (try Money(decimalDollars: golden.dollars)), "\(priced.amount)")
        if golden.extras.isEmpty {
            let fast = try book.amounts(golden.usage, model: golden.model, tier: golden.tier, at: at)
            #expect(fast.amount == priced.amount)
            #expect(fast.listAmount == priced.listAmount)
        }
    }

    static func piece(_ size: String, _ quality: String = "standard") -> Meter {
        .imagePiece(size: size, quality: quality)
    }

    static func audio(input: Int64 = 0, output: Int64 = 0) -> TokenUsage {
        var usage = TokenUsage(input: input, output: output)
        usage.audioInput = input
        usage.audioOutput = output
        return usage
    }

    /// 1,000 text + 600 audio + 100 image input, 500 of the text and 200 of the audio cached; 100 text + 900 audio out.
    static func realtime() -> TokenUsage {
        var usage = TokenUsage(input: 1_700, cachedInput: 700, output: 1_000)
        usage.audioInput = 600
        usage.cachedAudioInput = 200
        usage.imageInput = 100
        usage.audioOutput = 900
        return usage
    }

    static func reasoning() -> TokenUsage { TokenUsage(input: 16, output: 8, reasoningOutput: 3) }

    static func writes() -> TokenUsage {
        var usage = TokenUsage(input: 4_000, cachedInput: 1_000)
        usage.cacheWrite = 1_000
        usage.cacheWriteLong = 1_080
        return usage
    }

    static func focus() -> TokenUsage {
        var usage = TokenUsage(input: 10_500_000, cachedInput: 8_000_000, output: 1_500_000)
        usage.cacheWrite = 2_000_000
        return usage
    }
}
