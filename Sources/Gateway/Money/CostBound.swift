public import OpenAIWire
import Pricing
public import Quantities
import Tokenizing

/// The most that one request may cost, for holds.
///
/// True for every request that limits its output, as long as the engine's own rules for images are the published ones;
/// answers without a limit are taken to have `outputTokensDefault` tokens.
public struct CostBound: Sendable {
    /// Output tokens assumed of each answer where the request sets no limit.
    public static let outputTokensDefault: Int64 = 4_096
    /// Tokens that a chat template may add by itself: markers, a system message of its own, instructions for tools.
    /// The longest of widely used open models have about 700.
    static let templateTokensMax: Int64 = 1_024
    /// Tokens of an image for a model without a published rule: the most that open models make of one unless they are
    /// configured otherwise (Qwen-VL).
    static let imageTokensUnknown: Int64 = 16_384
    /// Tokens of a prompt with a part that nothing in the request bounds: no usual context is longer.
    static let contextTokensMax: Int64 = 1 << 20
    /// Models count a token more for an image than their rule says (prices-and-finops 3.4).
    private static let imageTolerance: Int64 = 1

    let pricer: Pricer
    let at: Instant
    let atAnyHour: Bool

    /// - Parameter atAnyHour: the request may wait into other hours of a price before it runs.
    public init(pricer: Pricer, at: Instant, atAnyHour: Bool = false) {
        self.pricer = pricer
        self.at = at
        self.atAnyHour = atAnyHour
    }

    /// The highest price under any name by which the request may be charged; nil when the book has none, or none for
    /// one of the asked tiers at one of the engines.
    ///
    /// A bound that cannot be computed is one that no cap can hold.
    ///
    /// - Parameters:
    ///   - body: the one that the facts were found in.
    ///   - engineModels: the names by which engines know the model; they decide what an image is.
    ///   - tiers: the ones that may serve.
    ///   - asked: the ones of them that must have a price. What a seller may choose instead bounds nothing without one.
    public func most(
        _ facts: RequestFacts, body: [UInt8], engineModels: [String], tiers: [TierName], asked: [TierName] = []
    ) -> Money? {
        let content = PromptContent(facts, in: body)
        let readers = engineModels.isEmpty ? [facts.model] : engineModels
        let input = readers.map { Self.input(facts, content, bytes: body.count, model: $0) }.max() ?? 0
        let output = Self.output(facts, content)
        var ceilings: [Money?] = []
        for tier in tiers {
            let each = readers.map { self.ceiling([$0, facts.model], tier, input: input, output: output) }
            if asked.contains(tier), each.contains(nil) { return nil }
            // Engines may answer under the name that the client used.
            ceilings += each + [self.ceiling([facts.model], tier, input: input, output: output)]
        }
        return ceilings.compactMap { $0 }.max()
    }

    /// Nil for what would be unpriced.
    private func ceiling(_ names: [String], _ tier: TierName, input: Int64, output: Int64) -> Money? {
        guard let table = self.pricer.table(names: names, tier: tier, at: self.at) else { return nil }
        do throws(PricingError) {
            return try table.ceiling(input: input, output: output, at: self.at, atAnyHour: self.atAnyHour)
        } catch .unpriced {
            return nil
        } catch {
            return Self.unbounded
        }
    }

    /// More than any cap.
    private static let unbounded = Money(picodollars: 1 << 120)
    /// Nil for a bound that could not be computed.
    static func known(_ bound: Money) -> Money? { bound < Self.unbounded ? bound : nil }

    /// More than Pricing counts.
    private static let tooMany: Int64 = .max

    /// Every byte may be a token, but for images in the body, which are read as images.
    private static func input(_ facts: RequestFacts, _ content: PromptContent, bytes: Int, model: String) -> Int64 {
        var tokens = Int64(bytes)
        if facts.endpoint == .chatCompletions { tokens += Self.templateTokensMax }
        let rule = ImageTokenRule.forModel(model)
        for image in content.images {
            if image.isInline { tokens -= Int64(image.urlBytes) }
            tokens += Self.tokens(of: image, rule) + Self.imageTolerance
        }
        return content.hasOpenPart ? tokens + Self.contextTokensMax : tokens
    }

    /// - Parameter unknown: taken where no rule is published.
    static func tokens(
        of image: PromptContent.Image, _ rule: ImageTokenRule?, unknown: Int64 = Self.imageTokensUnknown
    ) -> Int64 {
        guard let rule else { return unknown }
        let detail = image.detail.flatMap { ImageDetail(rawValue: $0) } ?? .auto
        return Int64(rule.tokens(size: ImageHeader.size(ofDataURL: image.url), detail: detail).tokens)
    }

    /// Every prompt gets `n` answers, chosen of `best_of` that are all paid.
    static func output(_ facts: RequestFacts, _ content: PromptContent) -> Int64 {
        if facts.endpoint == .embeddings { return 0 }
        let answers = max(facts.n, facts.bestOf, 1).multipliedReportingOverflow(by: content.promptCount)
        let unlimited = facts.nPredict == nil ? Self.outputTokensDefault : Self.contextTokensMax
        let each = facts.outputTokensCeiling ?? unlimited
        let all = answers.partialValue.multipliedReportingOverflow(by: each)
        return answers.overflow || all.overflow ? Self.tooMany : all.partialValue
    }
}
