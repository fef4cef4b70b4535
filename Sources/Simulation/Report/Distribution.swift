/// Times of many requests; percentiles are exact.
public struct Distribution: Sendable {
    private var values: [Int64] = []

    public init() {}

    public mutating func add(_ nanoseconds: Int64) { self.values.append(nanoseconds) }
    public mutating func add(_ other: Distribution) { self.values += other.values }
    public var count: Int { self.values.count }

    /// Nanoseconds; nil without values. Nearest rank.
    public func percentile(_ share: Double) -> Int64? { self.percentiles([share]).first }

    /// Several at once, for one sort; empty without values.
    public func percentiles(_ shares: [Double]) -> [Int64] {
        guard !self.values.isEmpty else { return [] }
        let sorted = self.values.sorted()
        return shares.map { share in
            sorted[min(sorted.count - 1, max(0, Int((share * Double(sorted.count)).rounded(.up)) - 1))]
        }
    }

    public var mean: Double? {
        self.values.isEmpty ? nil : Double(self.values.reduce(0, &+)) / Double(self.values.count)
    }
}
