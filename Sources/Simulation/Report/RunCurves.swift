import Scheduling

/// What the plots of a run are drawn from: few enough points to fit a page, whatever was simulated.
public struct RunCurves: Sendable {
    static let binsMax = 240
    static let quantiles = 200

    /// Times to first token of interactive requests at equal steps of their share, rising; empty without any.
    public let firstTokens: [Int64]
    /// Seconds that a bin covers.
    public let binSeconds: Int
    /// The most interactive requests without a first token in each bin.
    public let waiting: [Int]
    /// Output tokens of flex and batch work per second, mean of each bin.
    public let background: [Double]

    init(_ report: SimulationReport) {
        var times = report[.standard].firstToken
        times.add(report[.standard].stillWaiting)
        times.add(report[.priority].firstToken)
        times.add(report[.priority].stillWaiting)
        self.firstTokens = times.percentiles((0...Self.quantiles).map { Double($0) / Double(Self.quantiles) })
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
