/// Concurrency limits that follow latency, as Netflix' concurrency-limits computes them: what a gateway would take from
/// the shelf.
enum LatencyLimit: Sendable {
    case fixed(Int)
    case vegas(Vegas)
    case gradient(Gradient)

    var limit: Int {
        switch self {
        case .fixed(let limit): limit
        case .vegas(let vegas): max(1, Int(vegas.limit))
        case .gradient(let gradient): max(1, Int(gradient.limit))
        }
    }

    mutating func finished(after seconds: Double, inFlight: Int) {
        switch self {
        case .fixed: break
        case .vegas(var vegas):
            vegas.finished(after: seconds, inFlight: inFlight)
            self = .vegas(vegas)
        case .gradient(var gradient):
            gradient.finished(after: seconds, inFlight: inFlight)
            self = .gradient(gradient)
        }
    }

    /// Queue estimate `limit * (1 - least / sample)` between 3 log10 and 6 log10 of the limit; the least time is
    /// measured anew every 30 times the limit.
    struct Vegas: Sendable {
        var limit = 20.0
        private var least = Double.infinity
        private var untilProbe = 600.0

        mutating func finished(after seconds: Double, inFlight: Int) {
            self.untilProbe -= 1
            if self.untilProbe <= 0 {
                self.untilProbe = 30 * self.limit
                self.least = seconds
                return
            }
            if seconds < self.least {
                self.least = seconds
                return
            }
            guard Double(inFlight) * 2 >= self.limit else { return }
            let step = max(1, Self.log10(self.limit))
            let queue = (self.limit * (1 - self.least / seconds)).rounded(.up)
            if queue <= step {
                self.limit += 6 * step
            } else if queue < 3 * step {
                self.limit += step
            } else if queue > 6 * step {
                self.limit -= step
            }
            self.limit = min(1_000, max(1, self.limit))
        }

        /// Whole powers are enough here.
        private static func log10(_ value: Double) -> Double {
            var (rest, power) = (value, 0.0)
            while rest >= 10 {
                rest /= 10
                power += 1
            }
            return power + (rest - 1) / 9
        }
    }

    /// Long over short latency, between a half and one, times the limit, plus 4.
    struct Gradient: Sendable {
        var limit = 20.0
        private var long = 0.0

        mutating func finished(after seconds: Double, inFlight: Int) {
            self.long = self.long == 0 ? seconds : self.long + 2 / 601 * (seconds - self.long)
            guard Double(inFlight) * 2 >= self.limit else { return }
            let gradient = max(0.5, min(1, 1.5 * self.long / seconds))
            self.limit = 0.8 * self.limit + 0.2 * (self.limit * gradient + 4)
            self.limit = min(256, max(1, self.limit))
        }
    }
}
