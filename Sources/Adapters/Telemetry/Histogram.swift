/// A cumulative histogram with fixed upper bounds, as Prometheus counts.
struct Histogram: Sendable {
    /// Seconds; from a millisecond to the longest flex wait.
    static let secondsBounds: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900,
    ]
    /// Seconds between two reads of a stream: an engine's steps take 5 to 200 ms.
    static let gapBounds: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2.5, 5, 10,
    ]
    static let groupBounds: [Double] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]

    let bounds: [Double]
    private(set) var counts: [Int64]
    private(set) var sum = 0.0
    private(set) var count: Int64 = 0

    init(bounds: [Double]) {
        self.bounds = bounds
        self.counts = Array(repeating: 0, count: bounds.count)
    }

    mutating func observe(_ value: Double) {
        self.sum += value
        self.count += 1
        var low = 0
        var high = self.bounds.count
        while low < high {
            let middle = (low + high) / 2
            if self.bounds[middle] < value { low = middle + 1 } else { high = middle }
        }
        if low < self.counts.count { self.counts[low] += 1 }
    }
}
