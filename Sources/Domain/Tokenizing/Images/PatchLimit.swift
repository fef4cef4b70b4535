/// Patches of 32 pixels within a longest side and a budget (prices-and-finops 3.2 and 3.3).
struct PatchLimit: Hashable, Sendable {
    private static let patch = 32
    /// The upper bound for an image of unknown size where there is no budget (prices-and-finops 3.3).
    private static let unknownSizeBudget = 30_000

    /// Longer images are shrunk to this side first; nil for no limit.
    let maximumSide: Int?
    /// Images of more patches are shrunk until whole patches fit; nil for no limit.
    let budget: Int?

    var mostPatches: Int {
        let budget = self.budget ?? Self.unknownSizeBudget
        guard let maximumSide else { return budget }
        let side = dividedUp(maximumSide, by: Self.patch)
        return min(side * side, budget)
    }

    /// The patches that an image of `size` has after both limits.
    func patches(in size: ImageSize) -> Int {
        var numerator = 1
        var denominator = 1
        if let maximumSide, size.longSide > maximumSide { (numerator, denominator) = (maximumSide, size.longSide) }
        func count(_ side: Int) -> Int { dividedUp(side * numerator, by: Self.patch * denominator) }
        let patches = count(size.width) * count(size.height)
        guard let budget, patches > budget else { return patches }
        return Self.shrunk(size, to: budget)
    }

    /// The patches after shrinking by r = sqrt(budget * 32^2 / (w * h)) and then until one side is whole patches.
    ///
    /// With a = w*r/32 = sqrt(budget * w / h) and b likewise, the second step multiplies by the smaller of
    /// floor(a)/a and floor(b)/b. As a/b = w/h, integers decide: the side that becomes whole is a when
    /// floor(a) * h <= floor(b) * w. A ratio so extreme that a side would vanish leaves one row of patches.
    private static func shrunk(_ size: ImageSize, to budget: Int) -> Int {
        let across = squareRoot(budget * size.width / size.height)
        let down = squareRoot(budget * size.height / size.width)
        if across == 0 || down == 0 { return budget }
        if across * size.height <= down * size.width {
            return across * dividedUp(across * size.height, by: size.width)
        }
        return down * dividedUp(down * size.width, by: size.height)
    }

    /// The largest integer whose square is at most `value`, which must not be negative.
    static func squareRoot(_ value: Int) -> Int {
        var low = 0
        var high = 1 << 31
        while low < high {
            let middle = (low + high + 1) / 2
            if middle * middle <= value { low = middle } else { high = middle - 1 }
        }
        return low
    }
}

/// The patch limits of a model by detail.
public struct PatchLimitTable: Hashable, Sendable {
    /// In hundredths.
    static let multiplier = 120

    let low: PatchLimit
    let high: PatchLimit
    /// Nil where the model does not support it.
    let original: PatchLimit?
    let autoIsOriginal: Bool
    /// Whether `low` is believable: for gpt-5.4 the source lets `low` have more patches than `high`.
    let lowIsPublished: Bool

    func limit(for detail: ImageDetail) -> (PatchLimit, isPublished: Bool) {
        switch detail {
        case .low: (self.low, self.lowIsPublished)
        case .high: (self.high, true)
        case .auto: (self.autoIsOriginal ? self.original ?? self.high : self.high, true)
        case .original: (self.original ?? self.high, self.original != nil)
        }
    }
}
