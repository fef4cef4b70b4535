public import Tokenizing
import Synchronization

/// Counts prompts in this process: with the tokenizer that was configured for the model, else with a published
/// encoding, else by the number of bytes.
///
/// Safe to use from many tasks at once.
public final class LocalPromptCounter: PromptCounting {
    /// The customary rule where no vocabulary is at hand (OpenAI's help pages: a token is about four characters).
    public static let bytesPerToken = 4
    /// Models whose rules are kept.
    private static let modelsMax = 256

    /// What counts plain text of a model, and why that may be wrong.
    public struct TextRule: Sendable {
        public let encoder: Encoder?
        public let source: CountingSource
        public internal(set) var reasons: Set<PromptCount.Reason>
    }

    /// What counting for one model needs.
    private struct Rules: Sendable {
        let text: TextRule
        let chat: Tokenizing.PromptCounter?
        let image: ImageTokenRule
    }

    private let encoders: any EncoderSource
    private let tokenizers: (any TokenizerSource)?
    /// Used for every model when set.
    private let encoding: EncodingName?
    private let rules = Mutex<[String: Rules]>([:])

    /// - Parameter encoding: the encoding to use for every model; nil is the tokenizer or encoding that each model has.
    public init(
        encoders: any EncoderSource, tokenizers: (any TokenizerSource)? = nil, encoding: EncodingName? = nil
    ) {
        self.encoders = encoders
        self.tokenizers = tokenizers
        self.encoding = encoding
    }

    public func count(
        _ request: CountableRequest, model: String
    ) async throws(PromptCountingError) -> CountedPrompt {
        try self.counted(request.prompt, model: model)
    }

    /// The count of `prompt`. - Throws: when the model's tokenizer cannot be used.
    public func counted(_ prompt: PromptReading, model: String) throws(PromptCountingError) -> CountedPrompt {
        let rules = try self.rules(for: model)
        switch prompt {
        case .chat(let messages, let tools):
            return Self.count(messages, tools, rules)
        case .texts(let texts, let given):
            var tokens = given
            for text in texts { tokens += Int64(Self.count(text, rules.text)) }
            return CountedPrompt(
                tokens: tokens, source: rules.text.source, reasons: texts.isEmpty ? [] : rules.text.reasons)
        }
    }

    /// What counts plain text of `model`; nil is no model in particular, whose encoding nobody guesses.
    ///
    /// - Throws: when the model's tokenizer cannot be used.
    public func textRule(for model: String?) throws(PromptCountingError) -> TextRule {
        var rule = try self.rules(for: model ?? "").text
        if model == nil { rule.reasons.remove(.encodingGuessed) }
        return rule
    }

    private func rules(for model: String) throws(PromptCountingError) -> Rules {
        let result: Result<Rules, PromptCountingError> = self.rules.withLock { known in
            if let rules = known[model] { return .success(rules) }
            do throws(PromptCountingError) {
                let rules = try self.makeRules(model)
                if known.count < Self.modelsMax { known[model] = rules }
                return .success(rules)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private func makeRules(_ model: String) throws(PromptCountingError) -> Rules {
        let text = try self.makeTextRule(model)
        return Rules(
            text: text, chat: text.encoder.map { Tokenizing.PromptCounter(model: model, encoder: $0) },
            image: ImageTokenRule.forModel(model) ?? .tiles(base: 85, perTile: 170, isPublished: false))
    }

    private func makeTextRule(_ model: String) throws(PromptCountingError) -> TextRule {
        if self.encoding == nil, let own = try self.tokenizers?.tokenizer(of: model) {
            return TextRule(encoder: own, source: .tokenizer, reasons: [])
        }
        let published = EncodingName.forModel(model)
        guard let encoder = self.encoders.encoder(self.encoding ?? published?.name ?? .o200kBase) else {
            return TextRule(encoder: nil, source: .bytes, reasons: [.vocabularyMissing])
        }
        let isGuessed = self.encoding == nil && published?.exact != true
        return TextRule(encoder: encoder, source: .encoding, reasons: isGuessed ? [.encodingGuessed] : [])
    }

    /// The tokens of a text that is a prompt by itself, with those that a tokenizer puts around it.
    private static func count(_ text: String, _ rule: TextRule) -> Int {
        rule.encoder.map { $0.count(text) + $0.tokensAroundText } ?? Self.estimate(bytes: text.utf8.count)
    }

    /// So many tokens are `bytes` bytes of text by the four-bytes rule; a started token counts.
    public static func estimate(bytes: Int) -> Int { (bytes + Self.bytesPerToken - 1) / Self.bytesPerToken }

    private static func count(_ messages: [ChatMessage], _ tools: [ToolFunction], _ rules: Rules) -> CountedPrompt {
        var images: Int64 = 0
        for case .image(let size, let detail) in messages.lazy.flatMap(\.parts) {
            images += Int64(rules.image.tokens(size: size, detail: detail).tokens)
        }
        if let chat = rules.chat {
            let count = chat.count(messages, tools: tools)
            return CountedPrompt(
                tokens: Int64(count.tokens), imageTokens: images, source: rules.text.source, reasons: count.reasons)
        }
        return CountedPrompt(
            tokens: images + Self.estimate(messages, tools), imageTokens: images, source: .bytes,
            reasons: [.vocabularyMissing])
    }

    /// The tokens of a prompt by the four-bytes rule. Pictures and sounds add nothing.
    static func estimate(_ prompt: PromptReading) -> Int64 {
        switch prompt {
        case .chat(let messages, let tools): self.estimate(messages, tools)
        case .texts(let texts, let given): texts.reduce(given) { $0 + Int64(self.estimate(bytes: $1.utf8.count)) }
        }
    }

    private static func estimate(_ messages: [ChatMessage], _ tools: [ToolFunction]) -> Int64 {
        // Four tokens of framing for each message and three for the answer, as for most models (price reference 4.1).
        var tokens: Int64 = 3
        for message in messages {
            tokens += 4
            for case .text(let text) in message.parts { tokens += Int64(Self.estimate(bytes: text.utf8.count)) }
        }
        for tool in tools {
            tokens += 12 + Int64(Self.estimate(bytes: tool.name.utf8.count + tool.description.utf8.count))
            for property in tool.properties {
                let bytes =
                    property.name.utf8.count + property.type.utf8.count + property.description.utf8.count
                    + (property.enumValues ?? []).reduce(0) { $0 + $1.utf8.count }
                tokens += 3 + Int64(Self.estimate(bytes: bytes))
            }
        }
        return tokens
    }
}
