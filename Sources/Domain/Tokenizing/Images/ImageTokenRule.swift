/// How an image becomes input tokens. All arithmetic is exact: no side is rounded to whole pixels on the way.
public enum ImageTokenRule: Hashable, Sendable {
    /// Base tokens and tokens per tile of 512 pixels (prices-and-finops 3.1).
    case tiles(base: Int, perTile: Int, isPublished: Bool = true)
    /// Patches of 32 pixels, at most 1,536, times a multiplier in hundredths (3.2).
    case patches(multiplier: Int)
    /// Patches of 32 pixels times 1.2 with limits by detail (3.3).
    case limitedPatches(PatchLimitTable)

    /// The tokens of one image and why they may be wrong.
    public struct Outcome: Hashable, Sendable {
        public let tokens: Int
        /// Empty when the number is exact.
        public let reasons: Set<PromptCount.Reason>
    }

    /// For models without a published rule; its results are estimates.
    static let fallback = ImageTokenRule.tiles(base: 85, perTile: 170, isPublished: false)

    private static let patchBudget = 1536

    /// The tokens of an image; `size` nil gives the most that the rule allows.
    ///
    /// `auto` is `high`, except where the model's table says otherwise. Where a detail is not published for a model,
    /// the rule for `high` is used and the outcome is an estimate.
    public func tokens(size: ImageSize?, detail: ImageDetail) -> Outcome {
        switch self {
        case .tiles(let base, let perTile, let isPublished):
            let tokens: Int
            var reasons: Set<PromptCount.Reason> = isPublished ? [] : [.imageRuleUnknown]
            if detail == .low {
                tokens = base
            } else {
                if size == nil { reasons.insert(.imageSizeUnknown) }
                tokens = base + perTile * (size.map(TileGrid.tiles(in:)) ?? TileGrid.mostTiles)
            }
            if detail == .original { reasons.insert(.imageRuleUnknown) }
            return Outcome(tokens: tokens, reasons: reasons)
        case .patches(let multiplier):
            let limit = PatchLimit(maximumSide: nil, budget: Self.patchBudget)
            let isPublished = detail == .high || detail == .auto
            return Self.outcome(size, limit, multiplier: multiplier, isPublished: isPublished)
        case .limitedPatches(let table):
            let (limit, isPublished) = table.limit(for: detail)
            return Self.outcome(size, limit, multiplier: PatchLimitTable.multiplier, isPublished: isPublished)
        }
    }

    private static func outcome(
        _ size: ImageSize?, _ limit: PatchLimit, multiplier: Int, isPublished: Bool
    ) -> Outcome {
        var reasons: Set<PromptCount.Reason> = isPublished ? [] : [.imageRuleUnknown]
        if size == nil { reasons.insert(.imageSizeUnknown) }
        let patches = size.map(limit.patches(in:)) ?? limit.mostPatches
        return Outcome(tokens: (patches * multiplier + 99) / 100, reasons: reasons)
    }
}
