/// Sizes and speeds of a simulated engine with continuous batching.
///
/// Every step decodes one token of each running sequence and computes prompts in what is left of the token budget. A
/// step takes `stepBase + perPromptToken * prompt tokens + perSequence * decoding sequences` (fitted on H100 timings,
/// scheduling.md 8).
public struct SteppedEngineShape: Hashable, Sendable {
    public var slots = 64
    /// Tokens of one step, decoding ones included.
    public var stepTokens = 2_048
    /// Tokens of prompts and answers that fit into the memory.
    public var memoryTokens = 200_000
    /// Nanoseconds.
    public var stepBase: Int64 = 28_000_000
    public var perPromptToken: Int64 = 55_000
    public var perSequence: Int64 = 300_000
    /// Blocks that the prefix cache remembers, of `blockTokens` each; 0: no cache.
    public var cacheBlocks = 0
    public var blockTokens = 512
    /// The waiting line is in order of priority, as vLLM's `priority` policy: running requests keep their slots.
    public var ordersByPriority = false

    public init() {}

    /// Llama-2-70B on H100 with tensor parallelism, calibrated: the engine of the experiments.
    public static let h100 = SteppedEngineShape()

    /// A small GPU: 16 slots, half the speed.
    public static var l4: Self {
        var shape = Self()
        shape.slots = 16
        shape.stepTokens = 1_024
        shape.memoryTokens = 40_000
        shape.stepBase = 35_000_000
        shape.perPromptToken = 200_000
        shape.perSequence = 900_000
        return shape
    }

    /// A server for one desk: four slots, as llama.cpp has by default; each sequence costs nearly a step of its own.
    public static var desk: Self {
        var shape = Self()
        shape.slots = 4
        shape.stepTokens = 512
        shape.memoryTokens = 32_768
        shape.stepBase = 20_000_000
        shape.perPromptToken = 1_000_000
        shape.perSequence = 8_000_000
        return shape
    }

    /// Many small sequences at a time: 256 slots.
    public static var wide: Self {
        var shape = Self()
        shape.slots = 256
        shape.stepTokens = 8_192
        shape.memoryTokens = 800_000
        shape.stepBase = 20_000_000
        shape.perPromptToken = 15_000
        shape.perSequence = 100_000
        return shape
    }

    public static let presets: [String: SteppedEngineShape] = [
        "h100": .h100, "l4": .l4, "desk": .desk, "wide": .wide,
    ]

    /// Marginal work of tokens in nanoseconds: what they add to steps that happen anyway.
    public func work(promptTokens: Int, outputTokens: Int) -> Int64 {
        self.perPromptToken * Int64(promptTokens) + self.perSequence * Int64(outputTokens)
    }
}
