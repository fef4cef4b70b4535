/// Decides which requests fail: by seed and by the request's number, so that a run can be repeated.
package struct FaultPlan: Sendable {
    private let rates: [(kind: FaultKind, upTo: Double)]
    private let seed: UInt64

    /// The rates are shares of all requests, 0 to 1, and 1 in sum at most.
    package init(rates: [FaultKind: Double], seed: UInt64) {
        var sum = 0.0
        self.rates = FaultKind.allCases.compactMap { kind in
            guard let rate = rates[kind], rate > 0 else { return nil }
            sum += rate
            return (kind, sum)
        }
        self.seed = seed
    }

    /// The fault of the request with this number, counted from 0 by arrival.
    package func fault(ordinal: UInt64) -> FaultKind? {
        guard !self.rates.isEmpty else { return nil }
        let share = Double(StableHash.combine(self.seed, ordinal &+ 1) >> 11) / Double(1 << 53)
        return self.rates.first { share < $0.upTo }?.kind
    }
}
