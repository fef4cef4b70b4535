/// A cumulative histogram of durations with fixed bounds, as Prometheus wants it.
package struct DurationHistogram: Hashable, Sendable {
    /// Upper bounds in seconds, ascending; an unnamed last bucket takes the rest.
    package let bounds: [Double]
    private let boundsNanoseconds: [Int64]
    /// Observations per bucket, not cumulated; one more than `bounds`.
    package private(set) var counts: [UInt64]
    package private(set) var total: UInt64 = 0
    package private(set) var sumNanoseconds: Int64 = 0

    package init(bounds: [Double]) {
        self.bounds = bounds
        self.boundsNanoseconds = bounds.map { Int64($0 * 1e9) }
        self.counts = Array(repeating: 0, count: bounds.count + 1)
    }

    package mutating func observe(_ nanoseconds: Int64, times: Int = 1) {
        var bucket = 0
        while bucket < self.boundsNanoseconds.count, nanoseconds > self.boundsNanoseconds[bucket] { bucket += 1 }
        self.counts[bucket] += UInt64(times)
        self.total += UInt64(times)
        self.sumNanoseconds &+= nanoseconds &* Int64(times)
    }
}
