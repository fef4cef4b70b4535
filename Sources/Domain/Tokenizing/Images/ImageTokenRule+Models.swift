extension ImageTokenRule {
    /// The published rule for a model, or nil. A variant of a listed family (`gpt-5-pro`) has the family's rule, but
    /// only as an estimate where that can be said (tiles).
    public static func forModel(_ model: String) -> ImageTokenRule? {
        guard let match = ModelName(model).longestMatch(in: self.families) else { return nil }
        if match.membership == .variant, case .tiles(let base, let perTile, _) = match.value {
            return .tiles(base: base, perTile: perTile, isPublished: false)
        }
        return match.value
    }

    private static let families: [(family: String, value: ImageTokenRule)] = [
        ("gpt-4-vision", gpt4), ("gpt-4-turbo", gpt4), ("gpt-4-1106-vision", gpt4), ("gpt-4o", gpt4),
        ("chatgpt-4o", gpt4), ("gpt-4.1", gpt4), ("gpt-4.5", gpt4),
        ("gpt-4o-mini", .tiles(base: 2833, perTile: 5667)),
        ("gpt-5", gpt5), ("gpt-5.1", gpt5), ("gpt-5-chat", gpt5), ("gpt-5.1-chat", gpt5),
        ("o1", reasoning), ("o1-pro", reasoning), ("o3", reasoning),
        // One weak source (prices-and-finops 3.1).
        ("computer-use", .tiles(base: 65, perTile: 129, isPublished: false)),
        ("gpt-4.1-mini", .patches(multiplier: 162)), ("gpt-5-mini", .patches(multiplier: 162)),
        ("gpt-4.1-nano", .patches(multiplier: 246)), ("gpt-5-nano", .patches(multiplier: 246)),
        ("o4-mini", .patches(multiplier: 172)),
        ("gpt-5.2", .limitedPatches(gpt52)),
        ("gpt-5.4", .limitedPatches(gpt54)), ("gpt-5.4-mini", .limitedPatches(gpt54)),
        ("gpt-5.4-nano", .limitedPatches(gpt54)),
        ("gpt-5.5", .limitedPatches(gpt55)),
        ("gpt-5.6-sol", .limitedPatches(gpt56)), ("gpt-5.6-terra", .limitedPatches(gpt56)),
        ("gpt-5.6-luna", .limitedPatches(gpt56)),
        ("gpt-6-astra", .limitedPatches(gpt6Astra)),
    ]

    private static let gpt4 = ImageTokenRule.tiles(base: 85, perTile: 170)
    private static let gpt5 = ImageTokenRule.tiles(base: 70, perTile: 140)
    private static let reasoning = ImageTokenRule.tiles(base: 75, perTile: 150)

    private static let wide = PatchLimit(maximumSide: 2048, budget: 6144)
    private static let usual = PatchLimit(maximumSide: 2048, budget: 2500)
    private static let small = PatchLimit(maximumSide: 512, budget: nil)
    private static let large = PatchLimit(maximumSide: 6000, budget: 10_000)
    private static let unlimited = PatchLimit(maximumSide: 65_535, budget: nil)

    private static let gpt52 = PatchLimitTable(
        low: wide, high: wide, original: nil, autoIsOriginal: false, lowIsPublished: true)
    private static let gpt54 = PatchLimitTable(
        low: wide, high: usual, original: large, autoIsOriginal: false, lowIsPublished: false)
    private static let gpt55 = PatchLimitTable(
        low: small, high: usual, original: large, autoIsOriginal: true, lowIsPublished: true)
    private static let gpt56 = PatchLimitTable(
        low: small, high: usual, original: unlimited, autoIsOriginal: true, lowIsPublished: true)
    private static let gpt6Astra = PatchLimitTable(
        low: small, high: PatchLimit(maximumSide: 65_535, budget: 2500), original: unlimited, autoIsOriginal: true,
        lowIsPublished: true)
}
