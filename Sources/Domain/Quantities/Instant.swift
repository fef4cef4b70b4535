/// A moment of wall time: nanoseconds since 1970-01-01T00:00:00Z. Always passed in, never read here.
public struct Instant: Hashable, Sendable, Comparable {
    public let nanoseconds: Int64

    @inlinable
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// Whole seconds since the epoch, as OpenAI's objects carry them; those beyond 292 years saturate.
    public init(seconds: Int64) { self.nanoseconds = Duration.seconds(seconds).nanosecondsClamped }

    /// Seconds since the epoch, rounded down.
    public var seconds: Int64 {
        let (quotient, remainder) = self.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        return remainder < 0 ? quotient - 1 : quotient
    }

    @inlinable
    public static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }

    /// The moment `duration` later (durations beyond 292 years saturate).
    public func advanced(by duration: Duration) -> Instant {
        let (sum, overflow) = self.nanoseconds.addingReportingOverflow(duration.nanosecondsClamped)
        return Instant(nanoseconds: overflow ? (duration < .zero ? .min : .max) : sum)
    }

    /// The time from `earlier` to here; negative when `earlier` is later.
    public func since(_ earlier: Instant) -> Duration { .nanoseconds(self.distance(from: earlier)) }

    /// As `since`, in seconds and without the 128 bits of a duration.
    public func seconds(since earlier: Instant) -> Double { Double(self.distance(from: earlier)) / 1e9 }

    /// Nanoseconds; more than 292 years saturate.
    private func distance(from earlier: Instant) -> Int64 {
        let (difference, overflow) = self.nanoseconds.subtractingReportingOverflow(earlier.nanoseconds)
        return overflow ? (self < earlier ? .min : .max) : difference
    }
}

extension Duration {
    /// So many seconds; what a duration cannot hold saturates at 292 years, as instants do. `seconds(_:)` traps there.
    ///
    /// - Parameter seconds: what is no number counts as zero.
    public static func seconds(saturating seconds: Double) -> Duration {
        let longest = Double(Int64.max) / 1e9
        return seconds.isNaN ? .zero : .seconds(min(longest, max(-longest, seconds)))
    }

    /// The duration in nanoseconds, saturating at Int64.
    public var nanosecondsClamped: Int64 {
        let (seconds, attoseconds) = self.components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, carried) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carried ? (seconds < 0 ? .min : .max) : sum
    }

    /// The duration in seconds, for display and metrics only.
    public var secondsApproximate: Double { Double(self.nanosecondsClamped) / 1e9 }
}
