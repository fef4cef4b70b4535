public import Tokenizing
import Synchronization

/// Counts prompts in this process with published vocabularies; without one, by the number of bytes.
///
/// Safe to use from many tasks at once.
public final class LocalPromptCounter: PromptCounting {
    /// The customary rule where no vocabulary is at hand (OpenAI's help pages: a token is about four characters).
    public static let bytesPerToken = 4
    /// Models whose rules are kept.
    private static let modelsMax = 256

    /// What counting for one model needs.
    struct Rules: Sendable {
        let encoder: Encoder?
        let chat: Tokenizing.PromptCounter?
        let image: ImageTokenRule
        let textReasons: Set<PromptCount.Reason>
    }

    private let encoders: any EncoderSource
    /// Used for every model when set.
    private let encoding: EncodingName?
    private let rules = Mutex<[String: Rules]>([:])

    /// - Parameter encoding: the encoding to use for every model; nil is the one that each model has.
    public init(encoders: any EncoderSource, encoding: EncodingName? = nil) {
        self.encoders = encoders
        self.encoding = encoding
    }

    public func count(
        _ request: CountableRequest, model: String
    ) async throws(PromptCountingError) -> CountedPrompt {
        self.counted(request.prompt, model: model)
    }

    /// The count of `prompt`; never fails.
    public func counted(_ prompt: PromptReading, model: String) -> CountedPrompt {
        let rules = self.rules(for: model)
        switch prompt {
        case .chat(let messages, let tools):
            return Self.count(messages, tools, rules)
        case .texts(let texts, let given):
            var tokens = given
            for text in texts { tokens += Int64(Self.count(text, rules)) }
            return CountedPrompt(tokens: tokens, reasons: texts.isEmpty ? [] : rules.textReasons)
        }
    }

    /// The encoder for plain text of `model`, and why its counts may be wrong.
    public func encoder(for model: String) -> (encoder: Encoder?, reasons: Set<PromptCount.Reason>) {
        let rules = self.rules(for: model)
        return (rules.encoder, rules.textReasons)
    }

    private func rules(for model: String) -> Rules {
        self.rules.withLock { known in
            if let rules = known[model] { return rules }
            let rules = self.makeRules(model)
            if known.count < Self.modelsMax { known[model] = rules }
            return rules
        }
    }

    private func makeRules(_ model: String) -> Rules {
        let published = EncodingName.forModel(model)
        let name = self.encoding ?? published?.name ?? .o200kBase
        let encoder = self.encoders.encoder(name)
        var reasons: Set<PromptCount.Reason> = []
        if self.encoding == nil, published?.exact != true { reasons.insert(.encodingGuessed) }
        if encoder == nil { reasons = [.vocabularyMissing] }
        return Rules(
            encoder: encoder, chat: encoder.map { Tokenizing.PromptCounter(model: model, encoder: $0) },
            image: ImageTokenRule.forModel(model) ?? .tiles(base: 85, perTile: 170, isPublished: false),
            textReasons: reasons)
    }

    private static func count(_ text: String, _ rules: Rules) -> Int {
        rules.encoder?.count(text) ?? Self.estimate(bytes: text.utf8.count)
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
            return CountedPrompt(tokens: Int64(count.tokens), imageTokens: images, reasons: count.reasons)
        }
        // Four tokens of framing for each message and three for the answer, as for most models (price reference 4.1).
        var tokens = images + 3
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
        return CountedPrompt(tokens: tokens, imageTokens: images, reasons: [.vocabularyMissing])
    }
}
