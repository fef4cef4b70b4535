import Quantities
import Scheduling

/// Times that must hold: what the scheduler makes of `{first_token, gap}` beside a backlog, against the best fixed
/// limit that holds them too.
struct ObjectiveExperiment {
    struct Setting {
        let name: String
        let firstToken: Duration
        let gap: Duration

        init(_ firstToken: Int64, _ gap: Int64) {
            self.name = "\(firstToken) ms and \(gap) ms"
            self.firstToken = .milliseconds(firstToken)
            self.gap = .milliseconds(gap)
        }

        /// The worse of the two, over what must hold.
        func off(_ pooled: IsolationExperiment.Pooled) -> Double {
            let firstToken = pooled.p(0.99) / Double(self.firstToken.nanosecondsClamped)
            let gap = Double(pooled.gap.percentile(0.99) ?? 0) / Double(self.gap.nanosecondsClamped)
            return max(firstToken, gap)
        }
    }

    static let statics = [2, 4, 6, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60]
    /// Of 10,000 requests 100 are slower, give or take ten; that much the percentile is uncertain.
    static let tolerance = 1.02

    let data: ExperimentData

    func run() -> ExperimentReport {
        var report = ExperimentReport(
            .slo, setup: "30 minutes, backlog of 58,000 conversation requests, times that 99 of 100 requests must hold",
            columns: ["TTFT p99 ms", "gap p99 ms", "of what must hold", "utilisation", "batch tok/s"])
        let isolation = IsolationExperiment(data: self.data)
        let settings = [
            (0.25, [Setting(550, 100), Setting(2_000, 50), Setting(700, 65)]),
            (0.5, [Setting(650, 120), Setting(2_000, 75)]),
        ]
        for load in isolation.loads {
            for (share, settings) in settings where load.share == share {
                self.measure(load, settings, isolation, into: &report)
            }
        }
        return report
    }

    private func measure(
        _ load: IsolationExperiment.Load, _ settings: [Setting], _ isolation: IsolationExperiment,
        into report: inout ExperimentReport
    ) {
        func add(_ label: String, _ pooled: IsolationExperiment.Pooled, _ setting: Setting) {
            report.row(
                "\(load.name), \(label)",
                [
                    ExperimentReport.figure(pooled.p(0.99) / 1e6, 0),
                    ExperimentReport.figure(Double(pooled.gap.percentile(0.99) ?? 0) / 1e6, 1),
                    ExperimentReport.figure(setting.off(pooled), 3), ExperimentReport.figure(pooled.utilisation, 3),
                    ExperimentReport.figure(pooled.batch, 0),
                ])
        }
        let alone = isolation.pooled(load, .alone)
        let statics = Self.statics.map { ($0, isolation.pooled(load, .ebb(.fixed($0)))) }
        for setting in settings {
            add("alone", alone, setting)
            let holding = statics.filter { setting.off($0.1) <= 1 }
            let best = holding.max { $0.1.utilisation < $1.1.utilisation }
            if let best { add("\(setting.name), \(best.0) at a time", best.1, setting) }
            let steered = isolation.pooled(
                load, .ebb(.objective(firstToken: setting.firstToken, gap: setting.gap)))
            add("\(setting.name), steered", steered, setting)
            report.bar(
                "\(load.name), \(setting.name): p99 over what must hold", setting.off(steered), atMost: Self.tolerance)
            guard let best else { continue }
            report.bar(
                "\(load.name), \(setting.name): utilisation over the best fixed limit's",
                steered.utilisation / best.1.utilisation, atLeast: 0.90)
        }
    }
}
