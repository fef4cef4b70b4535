package import Quantities

/// Service units that a pool gives in a second, while work waits for it.
package struct ServiceRate: Sendable {
    /// Weight of what was known, after a second: a mean over about fifteen seconds.
    private static let memory = 0.93
    /// Seconds with work before a rate is told: the limits start low and the first requests end late.
    private static let secondsMin = 10.0

    private struct Mean: Sendable {
        var units = 0.0
        var value = 0.0
        var seconds = 0.0
        var rate: Double? { self.seconds >= ServiceRate.secondsMin ? self.value : nil }

        /// - Parameter counts: the pool had work to do all the while.
        mutating func close(_ elapsed: Double, counts: Bool) {
            if counts {
                // A plain mean at first, so that the start does not weigh more than its time.
                self.seconds += elapsed
                let weight = max(1 - ServiceRate.memory, elapsed / self.seconds)
                self.value += min(1, weight) * (self.units / elapsed - self.value)
            }
            self.units = 0
        }
    }

    package init() {}

    private var allMean = Mean()
    private var backgroundMean = Mean()
    /// Of all time, not only of that in which work waits.
    private var interactiveMean = Mean()
    private var since: Instant?
    /// nil: not known yet.
    package var all: Double? { self.allMean.rate }
    /// Seconds that the background rate was measured for.
    package var backgroundSeconds: Double { self.backgroundMean.seconds }
    package var background: Double? { self.backgroundMean.rate }

    /// What background work may expect from now on; nil: not known yet.
    ///
    /// Its own rate was measured while it was there, at worst while interactive work took everything. What is left of
    /// the whole when interactive work has gone is known all the time, so that one bad minute does not make it refuse
    /// everything after it. A hundredth of the whole at least: the future is not known better than that.
    package var expectedBackground: Double? {
        guard let measured = self.background else { return nil }
        guard let all = self.all, let interactive = self.interactiveMean.rate else { return max(measured, 1e-6) }
        return max(measured, all - interactive, all / 100, 1e-6)
    }

    package mutating func served(_ units: Double, isBackground: Bool) {
        self.allMean.units += units
        if isBackground { self.backgroundMean.units += units } else { self.interactiveMean.units += units }
    }

    /// - Parameters:
    ///   - isWaiting: interactive work has waited, so the engines gave what they can.
    ///   - hasBackground: background work was there all the time, and nothing held it.
    ///   - isServed: some engine takes work. Time in which all are away or refuse everything says nothing of how fast
    ///     they are.
    package mutating func tick(isWaiting: Bool, hasBackground: Bool, isServed: Bool = true, now: Instant) {
        guard let since else {
            self.since = now
            return
        }
        let seconds = now.since(since).secondsApproximate
        guard seconds >= 1 else { return }
        self.allMean.close(seconds, counts: isServed && (isWaiting || hasBackground))
        self.backgroundMean.close(seconds, counts: isServed && hasBackground)
        self.interactiveMean.close(seconds, counts: isServed)
        self.since = now
    }
}
