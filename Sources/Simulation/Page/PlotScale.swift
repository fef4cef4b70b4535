/// Values to places on an axis.
struct PlotScale {
    enum Kind { case linear, logarithmic }

    struct Tick {
        let value: Double
        let text: String
    }

    let kind: Kind
    let low: Double
    let high: Double
    let ticks: [Tick]

    /// 0 at the low end, 1 at the high one.
    func place(_ value: Double) -> Double {
        let inside = min(max(value, self.low), self.high)
        switch self.kind {
        case .linear: return (inside - self.low) / (self.high - self.low)
        case .logarithmic:
            let low = Self.logarithm(self.low)
            return (Self.logarithm(inside) - low) / (Self.logarithm(self.high) - low)
        }
    }

    /// Times in nanoseconds, a tick at each power of ten and at 2 and 5 between them where there are few.
    static func times(_ values: [Int64]) -> PlotScale {
        let least = max(1e5, Double(values.min() ?? 1_000_000))
        let most = max(least * 1.5, Double(values.max() ?? 1_000_000_000))
        var marks: [Double] = []
        var decade = 1e5
        while decade <= most * 10 {
            marks += [decade, 2 * decade, 5 * decade]
            decade *= 10
        }
        let low = marks.last { $0 <= least } ?? 1e5
        let high = marks.first { $0 >= most } ?? most
        let inside = marks.filter { $0 >= low && $0 <= high }
        let shown = inside.count <= 8 ? inside : inside.filter(Self.isPowerOfTen)
        return PlotScale(
            kind: .logarithmic, low: low, high: high,
            ticks: shown.map { Tick(value: $0, text: self.time($0)) })
    }

    /// 1 ms, 200 ms, 5 s.
    private static func time(_ nanoseconds: Double) -> String {
        if nanoseconds < 1e6 { return FigureText.decimal(nanoseconds / 1e6, 1) + " ms" }
        if nanoseconds < 1e9 { return FigureText.decimal(nanoseconds / 1e6, 0) + " ms" }
        return FigureText.decimal(nanoseconds / 1e9, 0) + " s"
    }

    private static func isPowerOfTen(_ value: Double) -> Bool {
        var rest = value
        while rest >= 9.99 { rest /= 10 }
        return rest < 1.01
    }

    /// From zero to something round above the highest value.
    static func counts(upTo most: Double, steps: Int = 4) -> PlotScale {
        let step = self.roundStep(max(most, 1) / Double(steps))
        let count = max(1, Int((max(most, 1) / step).rounded(.up)))
        return PlotScale(
            kind: .linear, low: 0, high: Double(count) * step,
            ticks: (0...count).map {
                Tick(value: Double($0) * step, text: FigureText.count(Int((Double($0) * step).rounded())))
            })
    }

    /// Zero, then powers of ten: for queues that are 3 here and 3,000 there. Values are counted from one.
    static func queue(upTo most: Int) -> PlotScale {
        var ticks = [Tick(value: 1, text: "0")]
        var mark = 1
        while mark < max(most, 10) * 10, ticks.count < 9 {
            ticks.append(Tick(value: Double(mark + 1), text: FigureText.count(mark)))
            if mark >= most { break }
            mark *= 10
        }
        return PlotScale(kind: .logarithmic, low: 1, high: ticks.last?.value ?? 11, ticks: ticks)
    }

    /// Simulated time in seconds.
    static func clock(_ seconds: Double) -> PlotScale {
        let steps: [Double] = [1, 5, 10, 30, 60, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400]
        let step = steps.first { seconds / $0 <= 8 } ?? (seconds / 8 / 86_400).rounded(.up) * 86_400
        let count = Int((seconds / step).rounded(.down))
        return PlotScale(
            kind: .linear, low: 0, high: max(seconds, 1),
            ticks: (0...max(0, count)).map { Tick(value: Double($0) * step, text: self.clock(Double($0) * step, step)) }
        )
    }

    private static func clock(_ seconds: Double, _ step: Double) -> String {
        if step < 60 { return "\(Int(seconds)) s" }
        if step < 3_600 { return "\(Int(seconds / 60)) min" }
        return "\(Int(seconds / 3_600)) h"
    }

    private static func roundStep(_ least: Double) -> Double {
        var decade = 1.0
        while decade * 10 <= least { decade *= 10 }
        return [decade, 2 * decade, 5 * decade, 10 * decade].first { $0 >= least } ?? least
    }

    /// To the base two; the system's library is not for this floor. Series of the inverse hyperbolic tangent.
    static func logarithm(_ value: Double) -> Double {
        guard value > 0, value.isFinite else { return 0 }
        let t = (value.significand - 1) / (value.significand + 1)
        var power = t
        var sum = 0.0
        for odd in stride(from: 1.0, through: 23, by: 2) {
            sum += power / odd
            power *= t * t
        }
        return Double(value.exponent) + 2 * sum / 0.693_147_180_559_945_3
    }
}
