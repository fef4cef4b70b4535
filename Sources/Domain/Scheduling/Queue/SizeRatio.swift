/// What requests cost over what they were taken to cost when they came: a request that allows 1,024 tokens and makes
/// 100, or whose prompt the engine knows already, costs much less.
struct SizeRatio: Sendable {
    /// Weight of what was known, after a request: a mean over about the last hundred.
    private static let memory = 0.99
    private var expected = 0.0
    private var used = 0.0

    /// 1 before anything is known.
    var value: Double { self.expected > 0 ? self.used / self.expected : 1 }

    mutating func observe(expected: Double, used: Double) {
        self.expected = self.expected * Self.memory + expected
        self.used = self.used * Self.memory + used
    }
}
