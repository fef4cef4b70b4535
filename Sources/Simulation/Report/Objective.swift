import Scheduling

/// A limit that interactive requests are to hold: `ttft_p99=500ms`.
public struct Objective: Hashable, Sendable {
    public enum Measure: String, Sendable, CaseIterable {
        /// Time to first token.
        case firstToken = "ttft"
        /// Mean time between two tokens of a request.
        case gap
        case endToEnd = "e2e"

        public var words: String {
            switch self {
            case .firstToken: "time to first token"
            case .gap: "time between tokens"
            case .endToEnd: "time to the last token"
            }
        }
    }

    public let measure: Measure
    /// 0 to 1.
    public let share: Double
    /// Nanoseconds.
    public let limit: Int64
    /// `p99`
    public let percentile: String

    public init(_ measure: Measure, percentile: String, share: Double, limit: Int64) {
        self.measure = measure
        self.percentile = percentile
        self.share = share
        self.limit = limit
    }

    /// Reads `ttft_p99=500ms`, `gap_p99=50ms`, `e2e_p50=2s`; nil when it is none of these.
    public init?(parsing text: some StringProtocol) {
        let sides = text.split(separator: "=", omittingEmptySubsequences: false)
        guard sides.count == 2, let limit = Self.nanoseconds(String(sides[1])) else { return nil }
        let names = sides[0].split(separator: "_", omittingEmptySubsequences: false)
        guard names.count == 2, let measure = Measure(rawValue: String(names[0])), names[1].first == "p",
            let number = Double(names[1].dropFirst()), number > 0, number <= 100
        else { return nil }
        self.init(measure, percentile: String(names[1]), share: number / 100, limit: limit)
    }

    /// Reads `500ms` or `2s`.
    static func nanoseconds(_ text: String) -> Int64? {
        let unit: Double
        let digits: Substring
        if text.hasSuffix("ms") {
            (unit, digits) = (1e6, text.dropLast(2))
        } else if text.hasSuffix("s") {
            (unit, digits) = (1e9, text.dropLast())
        } else {
            return nil
        }
        guard let number = Double(digits), number > 0, number <= 1e6 else { return nil }
        return Int64((number * unit).rounded())
    }

    /// `p99 time to first token of 500 ms`
    public var words: String { "\(self.percentile) \(self.measure.words) of \(FigureText.time(self.limit))" }
    public var name: String { "\(self.measure.rawValue)_\(self.percentile)" }

    /// What a run reached; nil without interactive requests. One that has no first token at the end counts with its
    /// wait so far.
    func reached(_ report: SimulationReport) -> Int64? {
        var values = Distribution()
        for lane in [report[.priority], report[.standard]] {
            switch self.measure {
            case .firstToken:
                values.add(lane.firstToken)
                values.add(lane.stillWaiting)
            case .gap: values.add(lane.gap)
            case .endToEnd:
                values.add(lane.endToEnd)
                values.add(lane.stillWaiting)
            }
        }
        return values.percentile(self.share)
    }
}
