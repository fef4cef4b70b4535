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

/// How many tokens a prompt has, how many of them are pictures, and how sure that is.
public struct CountedPrompt: Hashable, Sendable {
    /// All input tokens, pictures included.
    public var tokens: Int64
    public var imageTokens: Int64
    /// Empty when the count is exact.
    public var reasons: Set<PromptCount.Reason>

    public var isEstimate: Bool { !self.reasons.isEmpty }

    public init(tokens: Int64, imageTokens: Int64 = 0, reasons: Set<PromptCount.Reason> = []) {
        self.tokens = tokens
        self.imageTokens = imageTokens
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
    /// The engine that was to count did not, or its answer was not understood.
    case engine(String)

    public var description: String {
        switch self {
        case .engine(let text): "the engine did not count the prompt: \(text)"
        }
    }
}

/// Port: encoders by name, or nil where a vocabulary is not at hand.
public protocol EncoderSource: Sendable {
    func encoder(_ name: EncodingName) -> Encoder?
}
