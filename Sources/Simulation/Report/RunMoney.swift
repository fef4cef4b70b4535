public import Quantities

/// What the engines cost and what the tiers earned; nothing that is unknown counts as zero.
public struct RunMoney: Hashable, Sendable {
    public struct Tier: Hashable, Sendable {
        public let tier: TierName
        public let earnings: TierEarnings
    }

    /// nil: not told what an engine costs.
    public let engines: Money?
    /// By name; empty without prices.
    public let tiers: [Tier]

    init?(_ report: SimulationReport, engineHour: Money?) {
        self.tiers = report.earnings.sorted { $0.key < $1.key }.map { Tier(tier: $0.key, earnings: $0.value) }
        self.engines = engineHour.map { Self.cost($0, engines: report.engines, nanoseconds: report.duration) }
        if self.engines == nil, self.tiers.isEmpty { return nil }
    }

    /// Engines by the hour for a time, rounded to the nearest picodollar.
    public static func cost(_ hour: Money, engines: Int, nanoseconds: Int64) -> Money {
        let hourNanoseconds: Int128 = 3_600_000_000_000
        let product = hour.picodollars * Int128(engines) * Int128(nanoseconds)
        return Money(picodollars: (product + hourNanoseconds / 2) / hourNanoseconds)
    }

    /// What was priced, all tiers together.
    public var revenue: Money? {
        guard self.tiers.contains(where: { $0.earnings.unpriced < $0.earnings.requests }) else { return nil }
        return Money(picodollars: self.tiers.reduce(0) { $0 + $1.earnings.amount.picodollars })
    }

    public var unpriced: Int { self.tiers.reduce(0) { $0 + $1.earnings.unpriced } }

    /// Revenue less engines; nil while anything is unknown.
    public var margin: Money? {
        guard let engines, let revenue, self.unpriced == 0 else { return nil }
        return Money(picodollars: revenue.picodollars - engines.picodollars)
    }
}
