import OpenAIWire
import Quantities
import Tokenizing

/// What a request is taken to have used where its engine does not say: four bytes of text a token, images by their
/// rule.
///
/// Never more than `CostBound` holds for a request that limits its output.
struct UsageEstimate: Sendable {
    /// Tokens of an image for a model without a published rule.
    private static let imageTokensUnknown: Int64 = 1_024
    /// No request uses more tokens of one kind; a report beyond that is nonsense.
    private static let tokensMax: Int64 = 1_000_000_000
    /// A longer body is measured as it is: what its texts are is found in a tree of it, many times its size.
    private static let readBytesMax = 256 * 1_024

    let facts: RequestFacts
    /// The one that the facts were found in.
    let body: [UInt8]
    /// As the engine knows it: it decides what an image is.
    let engineModel: String

    /// The engine's report, or an estimate where it has none or one that cannot be true.
    ///
    /// Input and output are judged apart. Where the parts of one contradict its count, nobody knows whether they stand
    /// in it or beside it, so the larger of count and estimate is taken.
    ///
    /// - Parameter outputTokens: content chunks seen, or the answer's text over four.
    func billable(_ reported: TokenUsage?, outputTokens: @autoclosure () -> Int64) -> TokenUsage {
        let input = reported.flatMap { Self.counted($0.input) }
        let output = reported.flatMap { Self.counted($0.output) }
        let isInputTrue = input != nil && reported?.inputInconsistency == nil
        let isOutputTrue = output != nil && reported?.outputInconsistency == nil
        if let reported, isInputTrue, isOutputTrue { return reported }
        var usage = reported ?? .zero
        usage.isEstimated = true
        let content = PromptContent(self.facts, in: self.body)
        if !isInputTrue { usage = usage.replacingInput(max(input ?? 0, self.input(content))) }
        if !isOutputTrue {
            let isLimited = self.facts.outputTokensCeiling != nil || self.facts.endpoint == .embeddings
            let most = isLimited ? CostBound.output(self.facts, content) : .max
            usage = usage.replacingOutput(max(output ?? 0, min(outputTokens(), most)))
        }
        return usage
    }

    private static func counted(_ tokens: Int64) -> Int64? { (0...Self.tokensMax).contains(tokens) ? tokens : nil }

    private func input(_ content: PromptContent) -> Int64 {
        let rule = ImageTokenRule.forModel(self.engineModel)
        var images: Int64 = 0
        for image in content.images { images += CostBound.tokens(of: image, rule, unknown: Self.imageTokensUnknown) }
        guard self.body.count <= Self.readBytesMax, let json = try? JSONValue(parsing: self.body),
            let prompt = PromptReading(body: json)
        else {
            let inline = content.images.reduce(0) { $0 + ($1.isInline ? $1.urlBytes : 0) }
            return Int64(LocalPromptCounter.estimate(bytes: self.body.count - inline)) + images
        }
        return LocalPromptCounter.estimate(prompt) + images
    }
}

extension AnswerAssembly.Assembled {
    /// Output tokens where the engine does not say: content chunks seen, at least the text's bytes over four.
    var outputTokensEstimate: Int64 {
        let choices = (try? JSONValue(parsing: self.body))?["choices"]?.array ?? []
        let bytes = choices.reduce(0) { $0 + Self.textBytes(of: $1) }
        return max(self.contentPieces, Int64(LocalPromptCounter.estimate(bytes: bytes)))
    }

    private static func textBytes(of choice: JSONValue) -> Int {
        guard let message = choice["message"] else { return choice["text"]?.string?.utf8.count ?? 0 }
        var texts = [message["reasoning_content"]?.string ?? message["reasoning"]?.string ?? ""]
        texts.append(message["audio"]?["transcript"]?.string ?? "")
        for case .text(let text) in ChatMessage(json: message).parts { texts.append(text) }
        return texts.reduce(0) { $0 + $1.utf8.count }
    }
}
