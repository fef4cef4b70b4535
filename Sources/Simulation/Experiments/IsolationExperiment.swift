import Scheduling

/// E1: thirty minutes of a public trace beside a backlog that never ends. Several disjoint parts of a trace are pooled:
/// the 99th percentile of one run is noise.
struct IsolationExperiment {
    struct Load {
        let name: String
        let trace: Trace
        let share: Double
        let phases: Int
    }

    struct Pooled {
        var firstToken = Distribution()
        var gap = Distribution()
        var utilisation = 0.0
        var batch = 0.0
        var waste = 0.0
        var finished = 0
        var violations = 0

        func p(_ share: Double) -> Double { Double(self.firstToken.percentile(share) ?? 0) }
    }

    /// Marginal work of an engine that does nothing but conversation requests (scheduling.md 8).
    static let saturated = 0.579
    static let statics = [8, 12, 16, 20, 24, 28, 32, 40]

    let data: ExperimentData

    func run() -> ExperimentReport {
        var report = ExperimentReport(
            .e1, setup: "30 minutes, backlog of 58,000 conversation requests, ratios to the same requests alone",
            columns: ["TTFT p50", "p90", "p99", "gap p50", "utilisation", "batch tok/s", "waste %", "violations"])
        for load in self.loads { self.measure(load, into: &report) }
        self.idleTime(into: &report)
        return report
    }

    var loads: [Load] {
        [
            Load(name: "conversation x0.25", trace: self.data.conversation, share: 0.25, phases: 4),
            Load(name: "conversation x0.5", trace: self.data.conversation, share: 0.5, phases: 2),
            Load(name: "code x0.2", trace: self.data.code, share: 0.2, phases: 5),
        ]
    }

    private func measure(_ load: Load, into report: inout ExperimentReport) {
        let alone = self.pooled(load, .alone)
        func add(_ label: String, _ policy: SimulationSetup.Policy, phases: Int? = nil) -> Pooled {
            let pooled = self.pooled(load, policy, phases: phases)
            let base = phases == nil ? alone : self.pooled(load, .alone, phases: phases)
            let gap = Double(pooled.gap.percentile(0.5) ?? 0) / Double(base.gap.percentile(0.5) ?? 1)
            report.row(
                "\(load.name), \(label)",
                [0.5, 0.9, 0.99].map { ExperimentReport.figure(pooled.p($0) / base.p($0)) } + [
                    ExperimentReport.figure(gap), ExperimentReport.figure(pooled.utilisation, 3),
                    ExperimentReport.figure(pooled.batch, 0), ExperimentReport.figure(pooled.waste * 100, 2),
                    "\(pooled.violations)",
                ])
            return pooled
        }
        let flood = add("flood", .flood, phases: 1)
        _ = add("flood + engine priority", .floodWithPriority, phases: 1)
        let statics = Self.statics.map { add("\($0) at a time", .ebb(.fixed($0))) }
        let protect = add("protect", .ebb(.protect))
        let balanced = add("balanced", .ebb(.balanced))
        let throughput = add("throughput", .ebb(.throughput))
        func ratio(_ pooled: Pooled) -> Double { pooled.p(0.99) / alone.p(0.99) }
        let best = statics.filter { ratio($0) <= ratio(balanced) }.map(\.batch).max() ?? 0
        report.bar("\(load.name): protect, p99 TTFT ratio", ratio(protect), atMost: 1.15)
        report.bar("\(load.name): protect, waste %", protect.waste * 100, atMost: 0.005)
        report.bar("\(load.name): balanced, p99 TTFT ratio", ratio(balanced), atMost: 1.25)
        report.bar(
            "\(load.name): balanced, batch tokens over the best fixed limit's", balanced.batch / max(1, best),
            atLeast: 0.95)
        report.bar("\(load.name): throughput, p99 TTFT ratio", ratio(throughput), atMost: 1.40)
        report.bar("\(load.name): throughput, utilisation", throughput.utilisation, atLeast: 0.95)
        report.bar(
            "\(load.name): throughput, waste %", throughput.waste * 100, atMost: load.share == 0.25 ? 1 : 2.5)
        if load.share >= 0.25 {
            let balancedFirst = self.pooled(load, .ebb(.balanced), phases: 1)
            report.bar(
                "\(load.name): flood over balanced, p99 TTFT", flood.p(0.99) / balancedFirst.p(0.99), atLeast: 100)
        }
        report.bar(
            "\(load.name): balanced, answered standard requests", Double(balanced.finished) / Double(alone.finished),
            atLeast: 0.999)
    }

    func pooled(_ load: Load, _ policy: SimulationSetup.Policy, phases: Int? = nil) -> Pooled {
        var pooled = Pooled()
        let count = self.data.isQuick ? 1 : phases ?? load.phases
        let backlog = ExperimentData.backlog(self.data.conversation, lines: 58_000)
        let duration = 30 * ExperimentData.minute
        for phase in 0..<count {
            let trace = load.trace.thinned(to: load.share, phase: Double(phase) / Double(load.phases))
                .prefix(until: duration)
            var simulation = Simulation(
                SimulationSetup(trace: trace, batches: [backlog], policy: policy, duration: duration))
            let run = simulation.run()
            pooled.firstToken.add(run[.standard].firstToken)
            pooled.gap.add(run[.standard].gap)
            pooled.utilisation += run.utilisation(of: Self.saturated) / Double(count)
            pooled.batch += run.backgroundTokensPerSecond / Double(count)
            pooled.waste += run.waste / Double(count)
            pooled.finished += run[.standard].firstToken.count
            pooled.violations += run.violations.count
        }
        return pooled
    }

    /// Five seconds of requests, twenty-five of none: tokens in the idle seconds, from two seconds after a gap began.
    private func idleTime(into report: inout ExperimentReport) {
        let second: Int64 = 1_000_000_000
        var requests: [TraceRequest] = []
        for round in 0..<Int64(20) {
            for number in 0..<Int64(10) {
                let arrival = round * 30 * second + number * second / 2
                requests.append(TraceRequest(arrival: arrival, promptTokens: 800, outputTokens: 10))
            }
        }
        func tokens(_ trace: Trace, _ policy: SimulationSetup.Policy) -> Double {
            var simulation = Simulation(
                SimulationSetup(
                    trace: trace, batches: [ExperimentData.backlog(self.data.conversation, lines: 20_000)],
                    policy: policy, duration: 600 * second))
            let decoded = simulation.run().decodedPerSecond
            // The first round finds an empty engine.
            let idle = (30..<600).filter { (8..<30).contains($0 % 30) }
            return Double(idle.reduce(0) { $0 + decoded[$1] }) / Double(max(1, idle.count))
        }
        let full = tokens(Trace([]), .ebb(.none))
        for (name, profile) in [("protect", Protection.protect), ("balanced", .balanced), ("throughput", .throughput)] {
            let share = tokens(Trace(requests), .ebb(profile)) / max(1, full)
            report.row(
                "idle gaps of 25 s, \(name)", ["", "", "", "", "", ExperimentReport.figure(share * full, 0), "", ""])
            if name == "throughput" {
                report.bar("idle seconds: throughput, tokens over a saturated engine's", share, atLeast: 0.95)
            }
        }
    }
}
