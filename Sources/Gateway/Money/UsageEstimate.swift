import OpenAIWire
import Quantities
import Tokenizing

/// What a request is taken to have used where its engine does not say: four bytes a token, images by their rule.
///
/// Never more than `CostBound` holds for a request that limits its output.
struct UsageEstimate: Sendable {
    static let bytesPerToken = 4
    /// Tokens of an image for a model without a published rule.
    private static let imageTokensUnknown: Int64 = 1_024
    /// No request uses more tokens of one kind; a report beyond that is nonsense.
    private static let tokensMax: Int64 = 1_000_000_000

    let facts: RequestFacts
    /// The one that the facts were found in.
    let body: [UInt8]
    /// As the engine knows it: it decides what an image is.
    let engineModel: String

    /// The engine's report, or an estimate where it has none or one that cannot be true.
    ///
    /// - Parameter outputTokens: content chunks seen, or the answer's bytes over four.
    func billable(_ reported: TokenUsage?, outputTokens: Int64) -> TokenUsage {
        if let reported, max(reported.input, reported.output) <= Self.tokensMax, reported.inconsistency == nil {
            return reported
        }
        let content = PromptContent(self.facts, in: self.body)
        let isLimited = self.facts.outputTokensCeiling != nil || self.facts.endpoint == .embeddings
        let most = isLimited ? CostBound.output(self.facts, content) : .max
        var usage = TokenUsage(input: self.input(content), output: min(outputTokens, most))
        usage.isEstimated = true
        return usage
    }

    private func input(_ content: PromptContent) -> Int64 {
        var bytes = self.body.count
        var images: Int64 = 0
        let rule = ImageTokenRule.forModel(self.engineModel)
        for image in content.images {
            if image.isInline { bytes -= image.urlBytes }
            images += CostBound.tokens(of: image, rule, unknown: Self.imageTokensUnknown)
        }
        return Int64(bytes / Self.bytesPerToken) + images
    }
}

extension AnswerAssembly.Assembled {
    /// Output tokens where the engine does not say: content chunks seen, at least the answer's bytes over four.
    var outputTokensEstimate: Int64 { max(self.contentPieces, Int64(self.body.count / UsageEstimate.bytesPerToken)) }
}
