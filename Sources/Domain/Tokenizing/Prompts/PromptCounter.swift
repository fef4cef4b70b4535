/// Counts the input tokens of a chat request for one model.
///
/// Exact for text-only chats of models whose framing is published; for all else an estimate with its reasons, good
/// for admission and quotes. What the engine reports as usage is the truth.
public struct PromptCounter: Sendable {
    private let encoder: Encoder
    private let framing: ChatFraming
    private let imageRule: ImageTokenRule?
    private let standing: Set<PromptCount.Reason>

    /// - Parameter encoder: of the model's encoding or its own tokenizer, or of another encoding when neither is at
    ///   hand; the counts are estimates then.
    public init(model: String, encoder: Encoder) {
        self.encoder = encoder
        // A model's own tokenizer file does not tell its chat template.
        let isOwn = encoder.encoding == nil
        self.framing = isOwn ? ChatFraming(isKnown: false) : ChatFraming.forModel(model)
        self.imageRule = ImageTokenRule.forModel(model)
        var standing: Set<PromptCount.Reason> = []
        let known = EncodingName.forModel(model)
        let isSame = known?.name.rankFileEncoding == encoder.encoding?.rankFileEncoding
        if !isOwn, !isSame || known?.exact == false { standing.insert(.encodingGuessed) }
        if !self.framing.isKnown { standing.insert(.framingUnknown) }
        self.standing = standing
    }

    /// The input tokens of `messages` and `tools`, the start of the answer included.
    public func count(_ messages: [ChatMessage], tools: [ToolFunction] = []) -> PromptCount {
        var total = PromptCount(tokens: self.framing.priming, reasons: self.standing)
        for message in messages { self.add(message, to: &total) }
        if !tools.isEmpty {
            total.tokens += self.tokens(of: tools)
            total.reasons.insert(.tools)
        }
        return total
    }

    /// The tokens that `tools` add to a request (prices-and-finops 4.2); always an estimate.
    public func tokens(of tools: [ToolFunction]) -> Int {
        guard !tools.isEmpty else { return 0 }
        var tokens = ChatFraming.functionsClosing
        for tool in tools {
            tokens += self.framing.perFunction
            tokens += self.encoder.count(tool.name + ":" + Self.withoutFullStop(tool.description))
            if !tool.properties.isEmpty { tokens += ChatFraming.propertiesOpening }
            for property in tool.properties {
                tokens += ChatFraming.perProperty
                if let values = property.enumValues {
                    tokens += ChatFraming.enumOpening
                    for value in values { tokens += ChatFraming.perEnumValue + self.encoder.count(value) }
                }
                let description = Self.withoutFullStop(property.description)
                tokens += self.encoder.count("\(property.name):\(property.type):\(description)")
            }
        }
        return tokens
    }

    private func add(_ message: ChatMessage, to total: inout PromptCount) {
        total.tokens += self.framing.perMessage + self.encoder.count(message.role)
        if let name = message.name { total.tokens += self.framing.perName + self.encoder.count(name) }
        var texts = 0
        for part in message.parts {
            switch part {
            case .text(let text):
                total.tokens += self.encoder.count(text)
                texts += 1
            case .image(let size, let detail):
                let rule = self.imageRule ?? .fallback
                let image = rule.tokens(size: size, detail: detail)
                total.tokens += image.tokens
                total.reasons.formUnion(image.reasons)
            case .audio(let milliseconds):
                total.tokens += AudioTokens.input(milliseconds: milliseconds)
                total.reasons.insert(.audio)
            case .unknown:
                total.reasons.insert(.unknownPart)
            }
        }
        if texts > 1 { total.reasons.insert(.textPartsJoined) }
    }

    private static func withoutFullStop(_ text: String) -> Substring {
        text.utf8.last == UInt8(ascii: ".") ? text.dropLast() : text[...]
    }
}
