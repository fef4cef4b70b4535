import Quantities

/// Where the simulated engine remembers the prompts that it has computed.
public enum CacheScope: String, Sendable, CaseIterable {
    /// One cache of blocks for all sequences, least recently used out first (vLLM, SGLang).
    case global
    /// Each slot remembers its last prompt only (llama.cpp).
    case slot
    case off
}

/// Speeds and sizes of the simulated engine.
package struct EngineRates: Hashable, Sendable {
    /// Sequences that run at one time, at most.
    package var slots = 64
    /// Requests that wait for a slot, at most; more are refused.
    package var waitingMax = 65_536
    /// Prompt tokens per second, one prompt after another; nil: at once.
    package var prefillPerSecond: Double?
    /// Output tokens per second of each sequence; nil: at once.
    package var decodePerSecond: Double?
    /// Added before the first token of every answer.
    package var latency: Duration = .zero
    /// Length of a decoding step without its sequences; nil: 1 / `decodePerSecond`.
    package var stepBase: Duration?
    /// What each decoding sequence adds to the step of all.
    package var stepPerSequence: Duration = .zero
    package var cacheScope: CacheScope = .global
    /// Tokens per cache block.
    package var blockTokens = 16
    /// Blocks that the engine's memory holds; also the measure of `kv_cache_usage_perc`.
    package var cacheBlocks = 16_384

    package init() {}

    /// Nanoseconds between two tokens of a sequence while `decoding` sequences decode; 0: at once.
    func stepNanoseconds(decoding: Int) -> Int64 {
        let base: Int64
        if let stepBase {
            base = stepBase.nanosecondsClamped
        } else if let decodePerSecond {
            base = Int64((1e9 / decodePerSecond).rounded(.up))
        } else {
            base = 0
        }
        return base + self.stepPerSequence.nanosecondsClamped * Int64(decoding)
    }

    /// Nanoseconds that computing `tokens` of a prompt takes.
    func prefillNanoseconds(_ tokens: Int) -> Int64 {
        guard let prefillPerSecond else { return 0 }
        return Int64((Double(tokens) * 1e9 / prefillPerSecond).rounded(.up))
    }
}
