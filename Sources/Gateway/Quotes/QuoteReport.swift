public import Pricing
public import Quantities
public import Tokenizing

/// What a file of requests is expected to cost, and what that rests on.
public struct QuoteReport: Hashable, Sendable {
    /// A line that cannot be quoted.
    public struct InvalidLine: Hashable, Sendable {
        /// Counted from 1.
        public var line: Int
        /// As batches report it (openai-api 3.9), for example `invalid_json_line`.
        public var code: String
        public var message: String

        /// The line names no model, and nobody else did.
        public var lacksModel: Bool { self.message == Self.modelRequired }
        static let modelRequired = "Model parameter is required."
    }

    /// Tokens and prices for one model.
    public struct ModelQuote: Hashable, Sendable {
        public var model: String
        public var lines: Int64 = 0
        public var promptTokens: Int64 = 0
        /// The part of `promptTokens` that is pictures.
        public var imageTokens: Int64 = 0
        /// What counted the prompts.
        public var sources: Set<CountingSource> = []
        /// Why the prompt tokens are an estimate; empty when they are exact.
        public var reasons: Set<PromptCount.Reason> = []
        public var outputFloor: Int64 = 0
        public var outputExpected: Int64 = 0
        public var outputMax: Int64 = 0
        /// Output tokens that an answer is expected to have: the mean of past answers, else the default.
        public var expectedEach: Int64 = 0
        /// Past answers of this model that `expectedEach` is the mean of; 0 when the default was taken.
        public var pastAnswers: Int64 = 0
        /// One for each tier, standard first.
        public var rows: [QuoteRow] = []
        /// What each engine that was asked for would do with this model.
        public var engines: [EngineQuote] = []
        /// What sending equal beginnings one after the other would save in the standard tier; nil without a cached
        /// price.
        public var prefixSaving: Money?
        /// What equal beginnings save as the file stands, against no cache at all.
        public var inputOrderSaving: Money?
        /// Tokens that all prompts have in common at their end, behind what varies: no cache can take them over there.
        public var endingTokens: Int64 = 0
        /// What they would save in front of what varies.
        public var endingSaving: Money?
    }

    /// How much of the prompts an engine's prompt cache can take over.
    ///
    /// Counted in blocks of 128 bytes of prompt; tokens are their share of all prompt tokens.
    public struct SharedPrefixes: Hashable, Sendable {
        public var blocks: Int64 = 0
        /// Shared with the line before, as the file stands.
        public var sharedInInputOrder: Int64 = 0
        /// Shared with the line before when equal beginnings follow each other: the most that any order reaches.
        public var sharedInPrefixOrder: Int64 = 0
    }

    public var at: Instant
    /// Lines that are not blank.
    public var lines: Int64 = 0
    public var invalidCount: Int64 = 0
    /// The first hundred.
    public var invalidLines: [InvalidLine] = []
    public var models: [ModelQuote] = []
    public var prefixes = SharedPrefixes()

    public init(at: Instant) { self.at = at }
}
