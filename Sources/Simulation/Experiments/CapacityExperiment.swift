import Scheduling

/// E2: a backlog alone on engines of different kinds. The scheduler begins at eight in flight, told nothing, against
/// the best of many fixed limits.
struct CapacityExperiment {
    struct Engine {
        let name: String
        let shape: SteppedEngineShape
        let lines: Trace
        var slotsLater: Int?
        var candidates: [Int] { [1, 2, 3, 4, 6, 8].map { max(1, self.shape.slots * $0 / 4) } }
    }

    struct Outcome {
        let work: Double
        let queue: Double
        let limit: Double
        /// Seconds after the change until no more than three requests wait in the engine.
        let recovery: Double
    }

    enum Signals: String, CaseIterable {
        case counts = "waiting counts"
        case stale = "counts 15 s old"
        case blind = "no metrics"
    }

    let data: ExperimentData
    static let duration = 10 * ExperimentData.minute

    func run() -> ExperimentReport {
        var report = ExperimentReport(
            .e2, setup: "10 minutes of backlog alone, from 8 in flight; share of the best fixed limit's work",
            columns: ["work", "mean limit", "queue in the engine", "recovery s"])
        for engine in self.engines { self.measure(engine, into: &report) }
        return report
    }

    var engines: [Engine] {
        var prefill = SteppedEngineShape.h100
        prefill.perSequence = 100_000
        return [
            Engine(name: "4 slots", shape: .desk, lines: self.data.conversation),
            Engine(name: "16 slots", shape: .l4, lines: self.data.conversation),
            Engine(name: "64 slots", shape: .h100, lines: self.data.conversation),
            Engine(name: "256 slots", shape: .wide, lines: self.data.conversation),
            Engine(name: "prefill-bound", shape: prefill, lines: self.data.code),
            Engine(name: "64, then 32 slots", shape: .h100, lines: self.data.conversation, slotsLater: 32),
        ]
    }

    private func measure(_ engine: Engine, into report: inout ExperimentReport) {
        var best = Outcome(work: 0, queue: 0, limit: 0, recovery: 0)
        for limit in engine.candidates {
            let outcome = self.outcome(engine) {
                $0.limitStart = limit
                $0.hasFixedLimit = true
            }
            if outcome.work > best.work { best = outcome }
        }
        func add(_ label: String, _ outcome: Outcome) {
            report.row(
                "\(engine.name), \(label)",
                [
                    ExperimentReport.figure(outcome.work / best.work, 3), ExperimentReport.figure(outcome.limit, 0),
                    ExperimentReport.figure(outcome.queue, 1),
                    engine.slotsLater == nil ? "" : ExperimentReport.figure(outcome.recovery, 1),
                ])
        }
        add("best fixed", best)
        for signals in Signals.allCases {
            let outcome = self.outcome(engine) {
                if signals == .blind { $0.sampleEvery = nil }
                if signals == .stale { $0.sampleAge = 15_000_000_000 }
            }
            add("Ebb, \(signals.rawValue)", outcome)
            let least = signals == .counts ? 0.97 : signals == .stale ? 0.95 : 0.90
            report.bar("\(engine.name): \(signals.rawValue), work", outcome.work / best.work, atLeast: least)
            guard signals == .counts else { continue }
            report.bar("\(engine.name): \(signals.rawValue), mean queue", outcome.queue, atMost: 3)
            if engine.slotsLater != nil {
                report.bar("\(engine.name): \(signals.rawValue), recovery s", outcome.recovery, atMost: 30)
            }
        }
        add("Vegas on latency", self.outcome(engine, comparison: .vegas(LatencyLimit.Vegas())) { _ in })
        add("Gradient2 on latency", self.outcome(engine, comparison: .gradient(LatencyLimit.Gradient())) { _ in })
    }

    func outcome(
        _ engine: Engine, comparison: LatencyLimit? = nil, _ change: (inout SimulationSetup) -> Void
    ) -> Outcome {
        var setup = SimulationSetup(
            trace: Trace([]), batches: [ExperimentData.backlog(engine.lines, lines: 60_000)], shape: engine.shape,
            policy: .ebb(.none), duration: Self.duration)
        setup.limitStart = 8
        setup.slotsAtHalfTime = engine.slotsLater
        change(&setup)
        var simulation =
            comparison.map { Simulation(setup, comparison: ComparisonDispatcher(limit: $0)) } ?? Simulation(setup)
        let run = simulation.run()
        let half = run.engineQueue.count / 2
        let later = run.engineQueue.indices.dropFirst(half + 1)
        // From then on calm for five seconds.
        let calm = later.first { run.engineQueue[$0...].prefix(10).allSatisfy { $0 <= 3 } } ?? run.engineQueue.count
        return Outcome(
            work: Double(run.work),
            queue: Double(run.engineQueue.reduce(0, +)) / Double(max(1, run.engineQueue.count)),
            limit: run.limitSum / Double(max(1, run.standings)), recovery: Double(calm - half) / 2)
    }
}
