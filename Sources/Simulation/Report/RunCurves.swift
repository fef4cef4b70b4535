import Scheduling

/// What the plots of a run are drawn from: few enough points to fit a page, whatever was simulated.
public struct RunCurves: Sendable {
    static let binsMax = 96
    /// Points between one nine and the next (90 % and 99 %).
    public static let pointsPerNine = 40
    private static let nines = 3

    /// Times to first token of interactive requests from the fastest to the slowest thousandth: point `i` is at a share
    /// of `1 - 10^(-i / pointsPerNine)`. Empty without any.
    public let firstTokens: [Int64]
    /// Seconds that a bin covers.
    public let binSeconds: Int
    /// The most interactive requests without a first token in each bin.
    public let waiting: [Int]
    /// Output tokens of flex and batch work per second, mean of each bin.
    public let background: [Double]

    private static var shares: [Double] {
        // The fortieth root of a tenth.
        let step = 0.944_060_876_285_923_4
        var rest = 1.0
        return (0...Self.nines * Self.pointsPerNine).map { _ in
            defer { rest *= step }
            return 1 - rest
        }
    }

    init(_ report: SimulationReport) {
        var times = report[.standard].firstToken
        times.add(report[.standard].stillWaiting)
        times.add(report[.priority].firstToken)
        times.add(report[.priority].stillWaiting)
        self.firstTokens = times.percentiles(Self.shares)
        let seconds = max(1, Int((report.duration + 999_999_999) / 1_000_000_000))
        let bin = (seconds + Self.binsMax - 1) / Self.binsMax
        var waiting: [Int] = []
        var background: [Double] = []
        for start in stride(from: 0, to: seconds, by: bin) {
            let end = min(seconds, start + bin)
            waiting.append(report.waitingPerSecond[start..<end].max() ?? 0)
            background.append(Double(report.backgroundPerSecond[start..<end].reduce(0, +)) / Double(end - start))
        }
        self.binSeconds = bin
        self.waiting = waiting
        self.background = background
    }
}
