/// How the simulated engine behaves. `validate()` says what is wrong with it.
public struct SimulatorOptions: Sendable {
    /// The only model that it answers for.
    public var model = "simulated"
    /// Sequences that run at one time: 1 to 65,536.
    public var slots = 64
    /// Requests that wait for a slot; more are answered 503.
    public var waitingMax = 65_536
    /// Prompt tokens per second, for all requests together; nil, 0 or infinity: at once.
    public var prefillRate: Double?
    /// Output tokens per second, for each sequence; nil, 0 or infinity: at once.
    public var decodeRate: Double?
    /// Added before the first token of every answer.
    public var latency: Duration = .zero
    /// Length of a decoding step without its sequences; replaces 1 / `decodeRate`.
    public var stepBase: Duration?
    /// What each decoding sequence adds to everyone's step.
    public var stepPerSequence: Duration = .zero
    /// Tokens of prompt and answer together.
    public var context = 32_768
    /// The longest answer when the request sets no shorter limit.
    public var outputTokensMax = 128
    public var cache = CacheScope.global
    /// Tokens per block of the prefix cache.
    public var cacheBlockTokens = 16
    /// Blocks in the prefix cache.
    public var cacheBlocks = 16_384
    /// Shares of the requests that fail, 0 to 1, by kind; 1 in sum at most.
    public var faults: [FaultKind: Double] = [:]
    /// Seconds in the `Retry-After` of a 429 or 503; nil: no such header.
    public var retryAfterSeconds: Int?
    /// Decides words, lengths and faults.
    public var seed: UInt64 = 0
    /// What clients must send as bearer token under `/v1`; nil: nothing.
    public var apiKey: String?
    /// Embeddings as base64 when the client asks for it; otherwise floats always, as some engines do.
    public var embeddingsBase64 = false
    /// Numbers in an embedding when the request does not say: 1 to 4,096.
    public var embeddingDimensions = 64
    /// Bytes of a request body.
    public var bodyBytesMax = 64 << 20

    public init() {}

    /// Longest embedding that a request may ask for.
    static let dimensionsMax = 4_096

    /// Throws the first thing that is wrong.
    public func validate() throws(SimulatorOptionsError) {
        if self.model.isEmpty { throw .emptyModel }
        try Self.check("slots", self.slots, 1...65_536)
        try Self.check("waiting requests", self.waitingMax, 0...1_048_576)
        try Self.check("context", self.context, 2...16_777_216)
        try Self.check("output-tokens-max", self.outputTokensMax, 1...1_048_576)
        try Self.check("cache block tokens", self.cacheBlockTokens, 1...4_096)
        try Self.check("cache blocks", self.cacheBlocks, 1...16_777_216)
        try Self.check("embedding dimensions", self.embeddingDimensions, 1...Self.dimensionsMax)
        try Self.check("body bytes", self.bodyBytesMax, 1_024...(1 << 31))
        try Self.check("retry-after", self.retryAfterSeconds ?? 0, 0...86_400)
        try Self.check(rate: "prefill-rate", self.prefillRate)
        try Self.check(rate: "decode-rate", self.decodeRate)
        try Self.check(duration: "latency", self.latency)
        try Self.check(duration: "step-base-ms", self.stepBase ?? .zero)
        try Self.check(duration: "step-per-sequence-ms", self.stepPerSequence)
        var sum = 0.0
        for (kind, rate) in self.faults {
            guard rate >= 0, rate <= 1 else { throw .faultRate(kind, rate) }
            sum += rate
        }
        // Shares such as ten times 0.1 may miss 1 by their last bit.
        if sum > 1.000_001 { throw .faultSum(sum) }
    }

    private static func check(
        _ name: String, _ value: Int, _ range: ClosedRange<Int>
    ) throws(SimulatorOptionsError) {
        guard range.contains(value) else { throw .outOfRange(name, value, range) }
    }

    private static func check(rate name: String, _ value: Double?) throws(SimulatorOptionsError) {
        guard let value, value != 0, !value.isInfinite || value < 0 else { return }
        guard value >= 0.001, value <= 1e9 else { throw .rate(name, value) }
    }

    private static func check(duration name: String, _ value: Duration) throws(SimulatorOptionsError) {
        guard value >= .zero, value <= .seconds(3_600) else { throw .duration(name, value) }
    }

    /// A fault option as it is written: `KIND=RATE`.
    public static func fault(parsing text: String) throws(SimulatorOptionsError) -> (FaultKind, Double) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let kind = FaultKind(rawValue: String(parts[0])), let rate = Double(parts[1]) else {
            throw .faultSyntax(text)
        }
        guard rate >= 0, rate <= 1 else { throw .faultRate(kind, rate) }
        return (kind, rate)
    }

    /// The model's part of the options.
    var rates: EngineRates {
        var rates = EngineRates()
        rates.slots = self.slots
        rates.waitingMax = self.waitingMax
        rates.prefillPerSecond = Self.finite(self.prefillRate)
        rates.decodePerSecond = Self.finite(self.decodeRate)
        rates.latency = self.latency
        rates.stepBase = self.stepBase
        rates.stepPerSequence = self.stepPerSequence
        rates.cacheScope = self.cache
        rates.blockTokens = self.cacheBlockTokens
        rates.cacheBlocks = self.cacheBlocks
        return rates
    }

    private static func finite(_ rate: Double?) -> Double? {
        rate.flatMap { $0 > 0 && $0.isFinite ? $0 : nil }
    }
}
