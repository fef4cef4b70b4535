package import Quantities

/// The 99th percentile of the last values: exact, in bounded memory, and soon rid of what is old.
///
/// A sketch would save 8 KB an engine and cost its error where it matters. Of 512 values only the five largest count,
/// which one pass finds; and the rank is that of the next value, not of those seen: of so many alike values it is above
/// this one in at most one case of a hundred (a conformal bound). Below 199 values that is the largest.
package struct RecentPercentile: Sendable {
    package static let countMax = 512
    package static let ageMax: Duration = .seconds(600)

    private var values: [(value: Double, at: Instant)] = []
    /// Where the next value goes once the list is full.
    private var next = 0

    package init() {}

    package mutating func observe(_ value: Double, now: Instant) {
        guard self.values.count == Self.countMax else { return self.values.append((value, now)) }
        self.values[self.next] = (value, now)
        self.next = (self.next + 1) % Self.countMax
    }

    /// nil without a value that is young enough.
    package func value(now: Instant) -> Double? {
        let count = self.values.count { now.since($0.at) <= Self.ageMax }
        guard count > 0 else { return nil }
        let rank = max(1, (count + 1) / 100)
        var largest: [Double] = []
        for (value, at) in self.values where now.since(at) <= Self.ageMax {
            guard largest.count < rank || value > largest[rank - 1] else { continue }
            largest.insert(value, at: largest.firstIndex { $0 < value } ?? largest.count)
            if largest.count > rank { largest.removeLast() }
        }
        return largest.last
    }
}
