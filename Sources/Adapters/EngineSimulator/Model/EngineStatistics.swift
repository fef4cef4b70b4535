/// What the simulated engine has done since it started; vLLM's names where it has them.
package struct EngineStatistics: Hashable, Sendable {
    package var promptTokens: UInt64 = 0
    package var generationTokens: UInt64 = 0
    /// Prompt tokens looked up in the prefix cache, and found there.
    package var cacheQueries: UInt64 = 0
    package var cacheHits: UInt64 = 0
    package var finished: UInt64 = 0
    package var cancelled: UInt64 = 0
    package var refused: UInt64 = 0
    /// From arrival to the first token.
    package var firstToken = DurationHistogram(bounds: [
        0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640,
        2_560,
    ])
    /// Between two tokens of a sequence.
    package var interToken = DurationHistogram(bounds: [
        0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80,
    ])
    /// From arrival to the slot.
    package var queueTime = DurationHistogram(bounds: [
        0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1_920, 7_680,
    ])
}
