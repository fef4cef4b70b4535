/// How often, and how soon, a line is tried again after failures that may pass.
public struct RetryPolicy: Hashable, Sendable {
    /// Counted failures after which a line fails for good, 1 ... 255.
    public let failuresMax: Int
    public let delayFirst: Duration
    public let delayMax: Duration
    /// The longest wait after refusals for want of room. They are not counted, so they may come back often.
    public let refusalDelayMax: Duration
    /// The longest `Retry-After` that is honoured, so that one bad header cannot park a line for days.
    public let retryAfterMax: Duration

    public init(
        failuresMax: Int = 5, delayFirst: Duration = .milliseconds(500), delayMax: Duration = .seconds(30),
        refusalDelayMax: Duration = .seconds(60), retryAfterMax: Duration = .seconds(3_600)
    ) {
        precondition((1...255).contains(failuresMax), "failuresMax is 1 ... 255")
        precondition(
            delayFirst > .zero && delayMax >= delayFirst && refusalDelayMax >= delayFirst,
            "delays are positive and ordered")
        self.failuresMax = failuresMax
        self.delayFirst = delayFirst
        self.delayMax = delayMax
        self.refusalDelayMax = refusalDelayMax
        self.retryAfterMax = retryAfterMax
    }

    /// The wait after the `failures`-th counted failure: doubling from `delayFirst` to `delayMax`, of which a random
    /// half is kept, so that lines which failed together do not come back together; never before `retryAfter`, which
    /// gets up to a tenth of itself on top for the same reason.
    public func delay(afterFailures failures: Int, retryAfter: Duration?, random: UInt64) -> Duration {
        self.delay(after: failures, max: self.delayMax, retryAfter: retryAfter, random: random)
    }

    /// The wait after the `refusals`-th refusal: the same, never longer than `refusalDelayMax` with a tenth on top. An
    /// engine that asks for more speaks of itself, and is asked again with one request.
    public func delay(afterRefusals refusals: Int, retryAfter: Duration?, random: UInt64) -> Duration {
        self.delay(
            after: refusals, max: self.refusalDelayMax, retryAfter: retryAfter.map { min($0, self.refusalDelayMax) },
            random: random)
    }

    private func delay(after count: Int, max longest: Duration, retryAfter: Duration?, random: UInt64) -> Duration {
        precondition(count >= 1, "a delay follows a failure")
        let doublings = min(count - 1, 40)
        let full = min(longest, self.delayFirst * (1 << doublings))
        let backoff = full / 2 + Self.share(of: full / 2, random)
        guard let retryAfter, retryAfter > .zero else { return backoff }
        let asked = min(retryAfter, self.retryAfterMax)
        return max(backoff, asked + Self.share(of: asked / 10, random))
    }

    /// A uniform part of `duration`, in steps of 1/65,536.
    private static func share(of duration: Duration, _ random: UInt64) -> Duration {
        duration / 65_536 * Int(random >> 48)
    }
}
