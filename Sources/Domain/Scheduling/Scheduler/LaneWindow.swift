public import Quantities

/// What happened in a lane in the last minute: how long requests waited for their place, and tokens made.
///
/// Counted in steps of five seconds and in buckets of a fifth of a magnitude, so that its memory does not follow the
/// load.
public struct LaneWindow: Sendable {
    static let stepNanoseconds: Int64 = 5_000_000_000
    static let steps = 12
    /// Bucket 0 is up to a millisecond; each further one reaches `ratio` times as far, the last one beyond 900 s.
    static let buckets = 64
    static let ratio = 1.25

    private struct Step: Sendable {
        var number: Int64 = .min
        var tokens = 0
        var waits = [UInt32](repeating: 0, count: LaneWindow.buckets)
    }

    private var ring = [Step](repeating: Step(), count: Self.steps)

    /// The step of this moment, emptied when it was another one's.
    private mutating func step(_ now: Instant) -> Int {
        let number = now.nanoseconds / Self.stepNanoseconds
        let place = Int(((number % Int64(Self.steps)) + Int64(Self.steps)) % Int64(Self.steps))
        if self.ring[place].number != number {
            self.ring[place].number = number
            self.ring[place].tokens = 0
            for bucket in 0..<Self.buckets { self.ring[place].waits[bucket] = 0 }
        }
        return place
    }

    mutating func waited(_ seconds: Double, now: Instant) {
        let place = self.step(now)
        self.ring[place].waits[Self.bucket(seconds)] &+= 1
    }

    mutating func made(tokens: Int, now: Instant) {
        guard tokens > 0 else { return }
        let place = self.step(now)
        self.ring[place].tokens += tokens
    }

    private static let bounds: [Double] = (0..<Self.buckets).map { bucket in
        var bound = 0.001
        for _ in 0..<bucket { bound *= Self.ratio }
        return bound
    }

    private static func bucket(_ seconds: Double) -> Int {
        if seconds <= 0.001 { return 0 }
        var low = 0
        var high = Self.buckets - 1
        while low < high {
            let middle = (low + high) / 2
            if Self.bounds[middle] < seconds { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func live(_ now: Instant) -> [Step] {
        let number = now.nanoseconds / Self.stepNanoseconds
        return self.ring.filter { $0.number > number - Int64(Self.steps) && $0.number <= number }
    }

    /// Waits that ended in the last minute: how many, and the times that half of them and 99 % of them did not pass, in
    /// seconds, up to a quarter too high; nil when there were none.
    public func waits(now: Instant) -> (count: Int, median: Double, p99: Double)? {
        var sum = [Int](repeating: 0, count: Self.buckets)
        for step in self.live(now) {
            for bucket in 0..<Self.buckets { sum[bucket] += Int(step.waits[bucket]) }
        }
        let count = sum.reduce(0, +)
        guard count > 0 else { return nil }
        func quantile(_ hundredths: Int) -> Double {
            let rank = (count * hundredths + 99) / 100
            var seen = 0
            for bucket in 0..<Self.buckets {
                seen += sum[bucket]
                if seen >= rank { return bucket == 0 ? 0 : Self.bounds[bucket] }
            }
            return Self.bounds[Self.buckets - 1]
        }
        return (count, quantile(50), quantile(99))
    }

    /// Output tokens a second over the last ten to fifteen seconds.
    public func tokensPerSecond(now: Instant) -> Double {
        let number = now.nanoseconds / Self.stepNanoseconds
        let begin = (number - 2) * Self.stepNanoseconds
        let tokens = self.ring.reduce(0) { $0 + ((number - 2)...number ~= $1.number ? $1.tokens : 0) }
        return Double(tokens) / (Double(max(1, now.nanoseconds - begin)) / 1e9)
    }
}
