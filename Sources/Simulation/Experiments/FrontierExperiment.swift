import Scheduling

/// What any limit of background work reaches where E1 and E2 miss a bar: fixed limits and targets from careful to bold,
/// and the best point of them beside the bar.
struct FrontierExperiment {
    struct Point {
        let label: String
        let ratio: Double
        let utilisation: Double
        let waste: Double
    }

    static let statics = [2, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60]
    static let targets = [1.02, 1.05, 1.1, 1.15, 1.2, 1.3, 1.4, 1.5, 1.75, 2, 3]

    let data: ExperimentData

    func run() -> ExperimentReport {
        var report = ExperimentReport(
            .frontier, setup: "what limits of background work reach, from careful to bold",
            columns: ["TTFT p99", "utilisation or work", "waste %", "queue in the engine"])
        let isolation = IsolationExperiment(data: self.data)
        for load in isolation.loads { self.isolation(load, isolation, into: &report) }
        let capacity = CapacityExperiment(data: self.data)
        for engine in capacity.engines where ["256 slots", "prefill-bound"].contains(engine.name) {
            self.capacity(engine, capacity, into: &report)
        }
        return report
    }

    private func isolation(
        _ load: IsolationExperiment.Load, _ isolation: IsolationExperiment, into report: inout ExperimentReport
    ) {
        let alone = isolation.pooled(load, .alone).p(0.99)
        var policies: [(String, Protection)] = Self.statics.map { ("\($0) at a time", .fixed($0)) }
        policies += Self.targets.map { ("target \(ExperimentReport.figure($0))", .gapRatio($0)) }
        policies.append(("no limit", .none))
        let points = policies.map { label, protection in
            let pooled = isolation.pooled(load, .ebb(protection))
            return Point(
                label: label, ratio: pooled.p(0.99) / alone, utilisation: pooled.utilisation,
                waste: pooled.waste * 100)
        }
        for point in points {
            report.row(
                "\(load.name), \(point.label)",
                [
                    ExperimentReport.figure(point.ratio, 3), ExperimentReport.figure(point.utilisation, 3),
                    ExperimentReport.figure(point.waste, 3), "",
                ])
        }
        func best(_ what: String, _ points: [Point], _ figure: (Point) -> Double, atLeast limit: Double) {
            guard let best = points.max(by: { figure($0) < figure($1) }) else { return }
            report.bar("\(load.name): \(what) (\(best.label))", figure(best), atLeast: limit)
        }
        best("most utilisation at a ratio of 1.40", points.filter { $0.ratio <= 1.4 }, \.utilisation, atLeast: 0.95)
        best(
            "most utilisation at a ratio of 1.15 without waste",
            points.filter { $0.ratio <= 1.15 && $0.waste <= 0.005 }, \.utilisation, atLeast: 0)
        if let least = points.min(by: { $0.ratio < $1.ratio }) {
            report.bar("\(load.name): least ratio (\(least.label))", least.ratio, atMost: 1.15)
        }
    }

    private func capacity(
        _ engine: CapacityExperiment.Engine, _ capacity: CapacityExperiment, into report: inout ExperimentReport
    ) {
        let slots = engine.shape.slots
        let limits =
            (2...12).map { max(1, slots * $0 / 8) } + (engine.name == "prefill-bound" ? [18, 20, 22, 26, 28] : [])
        let outcomes = limits.sorted().map { limit in
            (
                limit,
                capacity.outcome(engine) {
                    $0.limitStart = limit
                    $0.hasFixedLimit = true
                }
            )
        }
        let most = outcomes.map(\.1.work).max() ?? 1
        for (limit, outcome) in outcomes {
            report.row(
                "\(engine.name), \(limit) in flight",
                ["", ExperimentReport.figure(outcome.work / most, 4), "", ExperimentReport.figure(outcome.queue, 1)])
        }
    }
}
