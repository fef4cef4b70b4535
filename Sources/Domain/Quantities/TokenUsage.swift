/// What one request consumed, in the shape that prices need.
///
/// OpenAI's convention holds throughout: `input` includes cached, cache-write, audio and image tokens; `output`
/// includes reasoning and audio tokens. The parts are subsets, never additions (prices-and-finops 8.2, rules 1-3).
public struct TokenUsage: Hashable, Sendable {
    public var input: Int64 = 0
    public var cachedInput: Int64 = 0
    /// Tokens written to the prompt cache with the default retention (30 minutes).
    public var cacheWrite: Int64 = 0
    /// Tokens written with the 12-hour retention.
    public var cacheWriteLong: Int64 = 0
    public var audioInput: Int64 = 0
    /// The part of `audioInput` that came from the cache (also part of `cachedInput`).
    public var cachedAudioInput: Int64 = 0
    public var imageInput: Int64 = 0
    public var output: Int64 = 0
    public var reasoningOutput: Int64 = 0
    public var audioOutput: Int64 = 0
    /// True when the engine gave no usage and the numbers were counted or estimated here.
    public var isEstimated = false

    public init() {}

    public init(input: Int64, cachedInput: Int64 = 0, output: Int64 = 0, reasoningOutput: Int64 = 0) {
        self.input = input
        self.cachedInput = cachedInput
        self.output = output
        self.reasoningOutput = reasoningOutput
    }

    public static let zero = TokenUsage()

    public var total: Int64 { self.input &+ self.output }

    /// The first impossible statement in this usage (negative count, part larger than the whole), or nil.
    ///
    /// A report whose cache exceeds its input follows the additive convention; it must be refused or normalised at
    /// the adapter, never clamped (prices-and-finops 8.2 rule 1, 8.3 cases 26-29).
    public var inconsistency: String? { self.inputInconsistency ?? self.outputInconsistency }

    /// The first impossible statement about the input.
    public var inputInconsistency: String? {
        let counts = [
            self.input, self.cachedInput, self.cacheWrite, self.cacheWriteLong, self.audioInput,
            self.cachedAudioInput, self.imageInput,
        ]
        if counts.contains(where: { $0 < 0 }) { return "a token count is negative" }
        if self.cachedInput + self.cacheWrite + self.cacheWriteLong > self.input {
            return "cached and cache-write tokens exceed input tokens"
        }
        if self.audioInput + self.imageInput > self.input { return "audio and image tokens exceed input tokens" }
        if self.cachedAudioInput > min(self.audioInput, self.cachedInput) {
            return "cached audio tokens exceed audio or cached tokens"
        }
        let cached = self.cachedInput + self.cacheWrite + self.cacheWriteLong
        if cached + self.audioInput - self.cachedAudioInput > self.input {
            return "uncached audio, cached and cache-write tokens exceed input tokens"
        }
        return nil
    }

    /// The first impossible statement about the output.
    public var outputInconsistency: String? {
        if min(self.output, self.reasoningOutput, self.audioOutput) < 0 { return "a token count is negative" }
        if self.reasoningOutput > self.output { return "reasoning tokens exceed output tokens" }
        if self.audioOutput > self.output { return "audio output tokens exceed output tokens" }
        if self.reasoningOutput + self.audioOutput > self.output {
            return "reasoning and audio tokens exceed output tokens"
        }
        return nil
    }

    /// The same output with so many input tokens, none of a particular kind.
    public func replacingInput(_ count: Int64) -> TokenUsage {
        var usage = TokenUsage(input: count, output: self.output, reasoningOutput: self.reasoningOutput)
        usage.audioOutput = self.audioOutput
        usage.isEstimated = self.isEstimated
        return usage
    }

    /// The same input with so many output tokens, none of a particular kind.
    public func replacingOutput(_ count: Int64) -> TokenUsage {
        var usage = self
        usage.output = count
        usage.reasoningOutput = 0
        usage.audioOutput = 0
        return usage
    }

    /// The sum of two usages; the result is estimated when either part is.
    public func adding(_ other: TokenUsage) throws(QuantityError) -> TokenUsage {
        var sum = TokenUsage()
        sum.input = try self.input.adding(other.input)
        sum.cachedInput = try self.cachedInput.adding(other.cachedInput)
        sum.cacheWrite = try self.cacheWrite.adding(other.cacheWrite)
        sum.cacheWriteLong = try self.cacheWriteLong.adding(other.cacheWriteLong)
        sum.audioInput = try self.audioInput.adding(other.audioInput)
        sum.cachedAudioInput = try self.cachedAudioInput.adding(other.cachedAudioInput)
        sum.imageInput = try self.imageInput.adding(other.imageInput)
        sum.output = try self.output.adding(other.output)
        sum.reasoningOutput = try self.reasoningOutput.adding(other.reasoningOutput)
        sum.audioOutput = try self.audioOutput.adding(other.audioOutput)
        sum.isEstimated = self.isEstimated || other.isEstimated
        return sum
    }
}
