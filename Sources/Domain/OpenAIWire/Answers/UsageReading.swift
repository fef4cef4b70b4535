public import Quantities

/// A `usage` object as an engine wrote it, read leniently (openai-api 5.4, prices-and-finops 8.2).
///
/// Chat names (`prompt_tokens`), Responses names (`input_tokens`), DeepSeek's `prompt_cache_hit_tokens` and counts that
/// lie beside the details object are understood; details may be null or absent. Counts are not judged here: ask
/// `TokenUsage.inconsistency`.
///
/// Anthropic's names for the cache (`cache_read_input_tokens`, `cache_creation_input_tokens`) come with two
/// conventions: its own, where they stand beside `input_tokens`, and that of proxies which count them into
/// `prompt_tokens`. What is read is always the whole input.
public struct UsageReading: Hashable, Sendable {
    /// Larger counts are nonsense, and sums of a few of them would overflow.
    public static let countMax: Int64 = 1_000_000_000_000_000

    /// Nil when there is no object, no count of the input, or an unreadable one.
    public private(set) var usage: TokenUsage?
    /// True when a count is neither null nor an integer within `countMax`.
    public private(set) var isUnreadable = false
    /// The engine's input excluded what its cache read and wrote; both have been added.
    public private(set) var isAdditive = false
    /// Nothing tells the input, while there is a count of the output.
    public private(set) var lacksInput = false
    /// A tier that an engine put inside `usage`.
    public private(set) var serviceTier: String?

    private var input: Int64?
    private var output: Int64?
    private var total: Int64?
    private var cached: Int64?
    private var cacheHit: Int64?
    private var cacheRead: Int64?
    private var cacheCreation: Int64?
    /// The part of `cacheCreation` that is kept for an hour.
    private var cacheCreationLong: Int64 = 0
    /// The input has Anthropic's and the Responses API's name.
    private var saysInputTokens = false
    private var reasoning: Int64?
    private var details = TokenUsage()

    /// Consumes the next value of the scanner.
    init(_ scanner: inout JSONScanner) throws(JSONError) {
        guard try scanner.peekKind() == .object else {
            let value = try scanner.value()
            self.isUnreadable = value.kind != .null
            return
        }
        try scanner.openObject()
        while let key = try scanner.nextKey() { try self.readMember(key, &scanner) }
        self.conclude()
    }

    private mutating func readMember(_ key: JSONSlice, _ scanner: inout JSONScanner) throws(JSONError) {
        if scanner.matches(key, "prompt_tokens") || scanner.matches(key, "input_tokens") {
            self.saysInputTokens = scanner.matches(key, "input_tokens")
            self.input = try self.count(&scanner)
        } else if scanner.matches(key, "completion_tokens") || scanner.matches(key, "output_tokens") {
            self.output = try self.count(&scanner)
        } else if scanner.matches(key, "total_tokens") {
            self.total = try self.count(&scanner)
        } else if scanner.matches(key, "prompt_tokens_details") || scanner.matches(key, "input_tokens_details")
            || scanner.matches(key, "input_token_details")
        {
            try self.readInputDetails(&scanner)
        } else if scanner.matches(key, "completion_tokens_details") || scanner.matches(key, "output_tokens_details")
            || scanner.matches(key, "output_token_details")
        {
            try self.readOutputDetails(&scanner)
        } else if scanner.matches(key, "prompt_cache_hit_tokens") || scanner.matches(key, "cached_tokens") {
            self.cacheHit = try self.count(&scanner)
        } else if scanner.matches(key, "cache_read_input_tokens") {
            self.cacheRead = try self.count(&scanner)
        } else if scanner.matches(key, "cache_creation_input_tokens") {
            self.cacheCreation = try self.count(&scanner)
        } else if scanner.matches(key, "cache_creation"), try scanner.peekKind() == .object {
            try scanner.openObject()
            while let inner = try scanner.nextKey() {
                if scanner.matches(inner, "ephemeral_1h_input_tokens") {
                    self.cacheCreationLong = try self.count(&scanner) ?? 0
                } else {
                    _ = try scanner.value()
                }
            }
        } else if scanner.matches(key, "service_tier") {
            let value = try scanner.value()
            if value.kind == .string { self.serviceTier = scanner.string(value) }
        } else {
            _ = try scanner.value()
        }
    }

    private mutating func readInputDetails(_ scanner: inout JSONScanner) throws(JSONError) {
        guard try scanner.peekKind() == .object else {
            _ = try scanner.value()
            return
        }
        try scanner.openObject()
        while let key = try scanner.nextKey() {
            if scanner.matches(key, "cached_tokens") {
                self.cached = try self.count(&scanner)
            } else if scanner.matches(key, "cache_write_tokens") {
                self.details.cacheWrite = try self.count(&scanner) ?? 0
            } else if scanner.matches(key, "audio_tokens") {
                self.details.audioInput = try self.count(&scanner) ?? 0
            } else if scanner.matches(key, "image_tokens") {
                self.details.imageInput = try self.count(&scanner) ?? 0
            } else if scanner.matches(key, "cached_tokens_details"), try scanner.peekKind() == .object {
                try scanner.openObject()
                while let inner = try scanner.nextKey() {
                    if scanner.matches(inner, "audio_tokens") {
                        self.details.cachedAudioInput = try self.count(&scanner) ?? 0
                    } else {
                        _ = try scanner.value()
                    }
                }
            } else {
                _ = try scanner.value()
            }
        }
    }

    private mutating func readOutputDetails(_ scanner: inout JSONScanner) throws(JSONError) {
        guard try scanner.peekKind() == .object else {
            _ = try scanner.value()
            return
        }
        try scanner.openObject()
        while let key = try scanner.nextKey() {
            if scanner.matches(key, "reasoning_tokens") {
                self.reasoning = try self.count(&scanner)
            } else if scanner.matches(key, "audio_tokens") {
                self.details.audioOutput = try self.count(&scanner) ?? 0
            } else {
                _ = try scanner.value()
            }
        }
    }

    private mutating func count(_ scanner: inout JSONScanner) throws(JSONError) -> Int64? {
        let value = try scanner.value()
        if value.kind == .null { return nil }
        guard let count = scanner.integer(value), count.magnitude <= Self.countMax.magnitude else {
            self.isUnreadable = true
            return nil
        }
        return count
    }

    /// A missing half follows from the total; embeddings have no output at all.
    private mutating func conclude() {
        guard !self.isUnreadable, self.input != nil || self.output != nil else { return }
        self.lacksInput = self.input == nil && self.total == nil
        if self.lacksInput { return }
        var usage = self.details
        usage.input = self.input ?? self.total.map { $0 - (self.output ?? 0) } ?? 0
        usage.output = self.output ?? self.total.map { $0 - (self.input ?? 0) } ?? 0
        usage.cachedInput = self.cached ?? self.cacheHit ?? 0
        usage.reasoningOutput = self.reasoning ?? 0
        self.addCache(to: &usage)
        self.usage = usage
    }

    /// An input below its cache is one without it (prices-and-finops 8.2, rule 1).
    private mutating func addCache(to usage: inout TokenUsage) {
        guard self.cacheRead != nil || self.cacheCreation != nil else { return }
        let (read, written) = (self.cacheRead ?? 0, self.cacheCreation ?? 0)
        let isNative = self.saysInputTokens && self.cached == nil && self.total != usage.input + usage.output
        self.isAdditive = isNative || usage.input < read + written
        if self.isAdditive { usage.input += read + written }
        if self.isAdditive || self.cached == nil { usage.cachedInput = read }
        guard usage.cacheWrite == 0 else { return }
        usage.cacheWrite = written - self.cacheCreationLong
        usage.cacheWriteLong = self.cacheCreationLong
    }

    /// Reads a `usage` object on its own, for example from a stored answer.
    public static func read(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> UsageReading {
        var scanner = JSONScanner(bytes)
        let reading = try UsageReading(&scanner)
        try scanner.finish()
        return reading
    }
}
