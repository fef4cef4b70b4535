public import Quantities

/// Output tokens a second over the most that was seen in the last hour: how much of what the engines can do is done.
public struct TokenPeak: Sendable {
    private static let stepNanoseconds: Int64 = 300_000_000_000
    private static let steps = 12

    /// The highest rate of each five minutes.
    private var ring = [(number: Int64, rate: Double)](repeating: (.min, 0), count: Self.steps)
    private var rate = 0.0

    mutating func observe(_ tokensPerSecond: Double, now: Instant) {
        self.rate = tokensPerSecond
        let number = now.nanoseconds / Self.stepNanoseconds
        let place = Int(((number % Int64(Self.steps)) + Int64(Self.steps)) % Int64(Self.steps))
        let known = self.ring[place].number == number ? self.ring[place].rate : 0
        self.ring[place] = (number, max(known, tokensPerSecond))
    }

    /// 0 to 1; nil while nothing was made in the last hour.
    public func utilisation(now: Instant) -> Double? {
        let number = now.nanoseconds / Self.stepNanoseconds
        let most = self.ring.reduce(0.0) { max($0, $1.number > number - Int64(Self.steps) ? $1.rate : 0) }
        return most > 0 ? min(1, self.rate / most) : nil
    }
}
