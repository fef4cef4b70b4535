public import OpenAIWire
public import Tokenizing

/// A request body together with what it asks a model to read.
public struct CountableRequest: Hashable, Sendable {
    public let body: JSONValue
    public let prompt: PromptReading

    /// Nil when the body holds no prompt of a known form.
    public init?(body: JSONValue) {
        guard let prompt = PromptReading(body: body) else { return nil }
        self.body = body
        self.prompt = prompt
    }
}

/// What counted a prompt, the best first.
public enum CountingSource: String, Hashable, Sendable, CaseIterable {
    /// The tokenizer endpoint of the engine that will answer.
    case engine
    /// The `tokenizer.json` that was configured for the model.
    case tokenizer
    /// A published encoding.
    case encoding
    /// The number of bytes: nothing better was at hand.
    case bytes
}

/// How many tokens a prompt has, how many of them are pictures, what counted them, and how sure that is.
public struct CountedPrompt: Hashable, Sendable {
    /// All input tokens, pictures included.
    public var tokens: Int64
    public var imageTokens: Int64
    public var source: CountingSource
    /// Empty when the count is exact.
    public var reasons: Set<PromptCount.Reason>

    public var isEstimate: Bool { !self.reasons.isEmpty }

    public init(
        tokens: Int64, imageTokens: Int64 = 0, source: CountingSource, reasons: Set<PromptCount.Reason> = []
    ) {
        self.tokens = tokens
        self.imageTokens = imageTokens
        self.source = source
        self.reasons = reasons
    }
}

/// Port: counts the input tokens of a request for a model.
public protocol PromptCounting: Sendable {
    /// - Throws: `PromptCountingError` when there is no count at all; a doubtful count is a count with reasons.
    func count(_ request: CountableRequest, model: String) async throws(PromptCountingError) -> CountedPrompt
}

/// Why there is no count.
public enum PromptCountingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The model's tokenizer file cannot be read or is of a kind that is not supported.
    case tokenizer(String)

    public var description: String {
        switch self {
        case .tokenizer(let text): text
        }
    }
}

/// Port: encoders by name, or nil where a vocabulary is not at hand.
public protocol EncoderSource: Sendable {
    func encoder(_ name: EncodingName) -> Encoder?
}

/// Port: the tokenizers that were configured for models.
public protocol TokenizerSource: Sendable {
    /// Nil where none was configured.
    /// - Throws: `PromptCountingError.tokenizer` when there is one that cannot be used: no other count takes its place.
    func tokenizer(of model: String) throws(PromptCountingError) -> Encoder?
}
