import Pricing
import Quantities

/// Published figures. `G001` and so on are those of five articles, `8.3/1` and so on are bugs of others.
public enum GoldenPrices {
    /// Of models that the shipped book prices too.
    public static let published = articles + worked + deepSeek + peersBugs

    static let articles: [GoldenPrice] = [
        .init("G001 o3 standard", "o3", at: "2025-05-01", input: 1_000, output: 500, "0.03"),
        .init("G001 o3 flex", "o3", .flex, at: "2025-05-01", input: 1_000, output: 500, "0.015"),
        .init("G001 o3 flex after the cut", "o3", .flex, at: "2025-07-01", input: 1_000, output: 500, "0.003"),
        .init("G002 o4-mini standard", "o4-mini", input: 10_000, output: 2_000, "0.0198"),
        .init("G002 o4-mini flex", "o4-mini", .flex, input: 10_000, output: 2_000, "0.0099"),
        .init("G003 o3 batch", "o3", .batch, at: "2025-05-01", input: 1_000, output: 500, "0.015"),
        .init("G003 o4-mini batch", "o4-mini", .batch, input: 10_000, output: 2_000, "0.0099"),
        .init("G020 one session", "code-interpreter", at: "2023-11-21", extras: [.session: 1], "0.03"),
        .init("G020 two sessions", "code-interpreter", at: "2023-11-21", extras: [.session: 2], "0.06"),
        .init("G021 1 GB, a day, two assistants", "retrieval", at: "2023-11-21", extras: [.gigabyteDay: 2], "0.4"),
        .init("G023 vision low", "gpt-4-turbo", input: 85, "0.00085"),
        .init("G024 vision high 1000x1000", "gpt-4-turbo", input: 765, "0.00765"),
        .init("G026 GPT-4 Turbo input", "gpt-4-turbo", input: 1_000, "0.01"),
        .init("G026 GPT-4 8k input", "gpt-4", at: "2023-11-21", input: 1_000, "0.03"),
        .init("G026 GPT-4 32k input", "gpt-4-32k", at: "2023-11-21", input: 1_000, "0.06"),
        .init("G026 GPT-3.5 Turbo input", "gpt-3.5-turbo-1106", at: "2023-11-21", input: 1_000, "0.001"),
        .init("G027 GPT-4 Turbo output", "gpt-4-turbo", output: 1_000, "0.03"),
        .init("G027 GPT-4 8k output", "gpt-4", at: "2023-11-21", output: 1_000, "0.06"),
        .init("G027 GPT-4 32k output", "gpt-4-32k", at: "2023-11-21", output: 1_000, "0.12"),
        .init("G028 GPT-3.5 Turbo output", "gpt-3.5-turbo-1106", at: "2023-11-21", output: 1_000, "0.002"),
        .init(
            "G028 the fine-tuned output it was taken for", "ft:gpt-3.5-turbo-0613:org::id", at: "2023-11-21",
            output: 1_000, "0.006"),
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
        .init("G032 wide", "dall-e-3", extras: [piece("1792x1024"): 1], "0.08"),
        .init("G032 tall HD", "dall-e-3", extras: [piece("1024x1792", "hd"): 1], "0.12"),
        .init("G032 wide HD", "dall-e-3", extras: [piece("1792x1024", "hd"): 1], "0.12"),
        .init("G034 one character", "tts-1", extras: [.character: 1], "0.000015"),
        .init("G034 4,096 characters", "tts-1", extras: [.character: 4_096], "0.06144"),
        .init("G034 HD", "tts-1-hd", extras: [.character: 4_096], "0.12288"),
        .init("G035 90 s", "whisper-1", extras: [.secondInput: 90], "0.009"),
        .init("G050 input", "gpt-4-turbo", .batch, at: "2024-05-01", input: 1_000_000, "5"),
        .init("G050 output", "gpt-4-turbo", .batch, at: "2024-05-01", output: 1_000_000, "15"),
    ]

    static let worked: [GoldenPrice] = [
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
        .init("gpt-live-1, 90 s", "gpt-live-1", extras: [.secondInput: 90], "0.075"),
        .init("file search", "file-search", extras: [.fileSearchCall: 1], "0.0025"),
    ]

    static let deepSeek: [GoldenPrice] = [
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

    static let peersBugs: [GoldenPrice] = [
        .init("8.3/1 cached not subtracted", "gpt-4o", input: 2_006, cached: 1_920, output: 300, "0.005615"),
        .init("8.3/2 float drift", "gpt-5", input: 9_126, cached: 4_864, output: 3_197, "0.0379055"),
        .init("8.3/15 4o-mini priority", "gpt-4o-mini", .priority, input: 9, output: 2, "0.00000425"),
        .init("8.3/15 4o priority", "gpt-4o", .priority, input: 9, output: 1, "0.00005525"),
        .init("8.3/15 4.1 priority", "gpt-4.1", .priority, input: 9, output: 1, "0.0000455"),
        .init("8.3/15 4.1-mini priority", "gpt-4.1-mini", .priority, input: 9, output: 1, "0.0000091"),
        .init("8.3/16 snapshot flex", "o4-mini-2025-04-16", .flex, input: 10_000, output: 2_000, "0.0099"),
        .init(
            "8.3/20 image tokens at their own rates", "gpt-image-1", edit(), extras: [.imageOutput: 1_056], "0.05249"),
        .init("8.3/20 image tokens as the input they are part of", "gpt-4o", edit(), "0.013185"),
        .init("8.3/21 o3 batch cached", "o3", .batch, input: 1_000_000, cached: 500_000, "1"),
        .init("8.3/22 cached tokens count for the band", "gpt-5.4", input: 272_001, cached: 272_001, "0.1360005"),
        .init("8.3/23 zero stays zero", "gpt-5", input: 0, "0"),
        .init("8.3/35 whisper once", "whisper-1", extras: [.secondInput: 90], "0.009"),
        .init("8.3/36 alias in 2023", "gpt-3.5-turbo", at: "2023-12-01", input: 1_000_000, output: 1_000_000, "3.5"),
        .init("8.3/36 alias in 2025", "gpt-3.5-turbo", at: "2025-08-01", input: 1_000_000, output: 1_000_000, "2"),
        .init("8.1 one of 100,000 calls", "gpt-4", input: 160, output: 160, "0.0144"),
        .init("mixed realtime turn", "gpt-realtime", realtime(), "0.07478"),
        .init("an hour of audio in", "gpt-realtime", audio(input: 36_000), "1.152"),
        .init("an hour of audio out", "gpt-realtime", audio(output: 72_000), "4.608"),
        .init("8.3/25 reasoning inside output", "gpt-5", reasoning(), "0.0001"),
        .init("cache write", "gpt-6.2-sol", writes(), "0.00984"),
        .init(
            "5 medium 1024 pictures", "gpt-image-1", input: 0, output: 5_280, extras: [.imageOutput: 5_280], "0.2112"),
    ]

    /// Of models that only the sample book of the tests prices.
    public static let sampled: [GoldenPrice] = [
        .init("8.3/3 cached twice", "gemini", input: 262_960, cached: 257_955, output: 1_744, "0.184918125"),
        .init("8.3/4 cache rate ignored", "fireworks-model", input: 27_147, cached: 27_146, output: 351, "0.00860376"),
        .init("8.3/8 both rates", "small", input: 20_212, cached: 16_298, output: 931, "0.0055649"),
        .init("8.3/17 default", "deepinfra-model", input: 11, output: 5, "0.00000585"),
        .init("8.3/17 priority 1.5x", "deepinfra-model", .priority, input: 11, output: 5, "0.000008775"),
        .init("8.3/18 standard", "vertex-model", input: 1_185, output: 600, "0.0018555"),
        .init("8.3/18 flex at its own price", "vertex-model", .flex, input: 1_185, output: 600, "0.00092775"),
        .init("G010 a month of ChatGPT", "chatgpt", extras: [.request: 30], "21000000"),
        .init("G010 a year of ChatGPT", "chatgpt", extras: [.request: 365], "255500000"),
        .init("an explicit zero is a price", "free", input: 1_000, cached: 10, output: 1_000, "0"),
        .init("reasoning priced apart", "thinker", reasoning(), "0.000041"),
        .init("6.3 FOCUS input side", "claude", focus(), "33.9"),
        .init("6.2-sol 2h, searches undiscounted", "gpt-6.2-sol", "2h", extras: [.searchCall: 3], "0.03"),
    ]

    /// What has no price: the pictures of a size or quality that is not sold.
    public static let unpriced: [GoldenPrice] = [
        .init("G030 another size", "dall-e-2", extras: [piece("1792x1024"): 1], ""),
        .init("G030 a size between", "dall-e-2", extras: [piece("256x512"): 1], ""),
        .init("G030 another quality", "dall-e-2", extras: [piece("1024x1024", "hd"): 1], ""),
        .init("G031 a size of the older model", "dall-e-3", extras: [piece("512x512"): 1], ""),
        .init("8.3/20 image output that is not sold", "gpt-4o", edit(), extras: [.imageOutput: 1_056], ""),
    ]

    /// How many times as dear the first is as the second.
    public static let ratios: [(name: String, dearer: String, cheaper: String, times: Int128)] = [
        ("G003 flex is the batch price", "G001 o3 flex", "G003 o3 batch", 1),
        ("G003 flex is the batch price of o4-mini", "G002 o4-mini flex", "G003 o4-mini batch", 1),
        ("G026 8k input", "G026 GPT-4 8k input", "G026 GPT-4 Turbo input", 3),
        ("G026 32k input", "G026 GPT-4 32k input", "G026 GPT-4 Turbo input", 6),
        ("G026 GPT-3.5 input", "G026 GPT-4 Turbo input", "G026 GPT-3.5 Turbo input", 10),
        ("G027 8k output", "G027 GPT-4 8k output", "G027 GPT-4 Turbo output", 2),
        ("G027 32k output", "G027 GPT-4 32k output", "G027 GPT-4 Turbo output", 4),
        ("G028 fifteen times, not five", "G027 GPT-4 Turbo output", "G028 GPT-3.5 Turbo output", 15),
        ("G028 five times its fine-tuned output", "G027 GPT-4 Turbo output", fineTuned, 5),
        ("G032 both orientations", "G032 tall", "G032 wide", 1),
        ("G032 both orientations, HD", "G032 tall HD", "G032 wide HD", 1),
    ]
    private static let fineTuned = "G028 the fine-tuned output it was taken for"

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

    /// A text of 50 tokens and a picture of 1,000 in, one medium picture out.
    static func edit() -> TokenUsage {
        var usage = TokenUsage(input: 1_050, output: 1_056)
        usage.imageInput = 1_000
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
