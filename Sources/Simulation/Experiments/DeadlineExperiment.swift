import Quantities
import Scheduling

/// E3: random sets of batches beside interactive work, under the careful profile. Who says that a set can be kept is an
/// offline check with true lengths against what batches get until each deadline when nothing limits them.
struct DeadlineExperiment {
    struct BatchSet {
        let batches: [SimulatedBatch]
        /// Largest ratio of work due to what can be served by then.
        let load: Double
    }

    struct Tally {
        var sets = 0
        var missed = 0
        var batches = 0
        var possible = 0
        var possibleMissed = 0
        var firstToken = Distribution()
    }

    let data: ExperimentData
    static let duration = 20 * ExperimentData.minute
    static let share = 0.25

    private var trace: Trace {
        self.data.conversation.thinned(to: Self.share).prefix(until: Self.duration)
    }

    func run() -> ExperimentReport {
        var report = ExperimentReport(
            .e3, setup: "20 minutes of conversation x0.25, random sets of 2 to 8 batches due after 5 to 20 minutes",
            columns: ["sets", "batches", "missed", "missed with load up to 0.9", "TTFT p99 ratio"])
        let supply = self.supply
        let capacity = supply.mean
        var generator = SeededGenerator(seed: 3)
        let count = self.data.isQuick ? 10 : 200
        let sets = (0..<count).map { _ in
            self.set(load: Double.random(in: 0.5...0.95, using: &generator), supply, &generator)
        }
        let alone = self.simulate([], comparison: nil)[.standard].firstToken
        let base = Double(alone.percentile(0.99) ?? 1)
        func add(_ label: String, _ sets: ArraySlice<BatchSet>, _ comparison: ComparisonDispatcher.Order?) -> Tally {
            let tally = self.tally(sets, comparison)
            report.row(
                label,
                [
                    "\(tally.sets)", "\(tally.batches)", "\(tally.missed)",
                    "\(tally.possibleMissed) of \(tally.possible)",
                    ExperimentReport.figure(Double(tally.firstToken.percentile(0.99) ?? 0) / base),
                ])
            return tally
        }
        let ebb = add("Ebb, protect", sets[...], nil)
        let few = sets.prefix(max(1, count / 10))
        _ = add("Ebb, the first tenth", few, nil)
        _ = add("first come, 24 at a time", few, .arrival)
        _ = add("earliest deadline, 24 at a time", few, .deadline)
        _ = add("urgency blend, 24 at a time", few, .blend)
        report.bar("missed batches in sets of load up to 0.9", Double(ebb.possibleMissed), atMost: 0)
        let calm = self.tally(
            (0..<max(2, count / 20)).map { _ in self.set(load: 0.3, supply, &generator) }[...], nil)
        report.bar(
            "TTFT p99 ratio while the load is below 0.6", Double(calm.firstToken.percentile(0.99) ?? 0) / base,
            atMost: 1.10)
        report.bar("tokens before the deadline over capacity, load 1.2", self.overload(capacity), atLeast: 0.95)
        return report
    }

    /// What batches get beside this traffic when only the reserve limits them.
    private var supply: BatchSupply {
        var simulation = Simulation(
            SimulationSetup(
                trace: self.trace, batches: [ExperimentData.backlog(self.data.conversation, lines: 30_000)],
                policy: .ebb(.throughput), duration: Self.duration))
        return BatchSupply(simulation.run())
    }

    /// A random set whose load by true lengths is near the wished one.
    private func set(load: Double, _ supply: BatchSupply, _ generator: inout SeededGenerator) -> BatchSet {
        let count = Int.random(in: 2...8, using: &generator)
        let deadlines = (0..<count).map { _ in Int64.random(in: 300...1_170, using: &generator) }.sorted()
        var batches: [SimulatedBatch] = []
        var spent = 0.0
        for (number, deadline) in deadlines.enumerated() {
            let budget = load * supply.mean * Double(deadline) * Double.random(in: 0.6...1, using: &generator) - spent
            var lines: [TraceRequest] = []
            var units = 0.0
            while true {
                guard let line = self.data.conversation.requests.randomElement(using: &generator) else { break }
                let more = line.units
                guard units + more <= budget else { break }
                units += more
                lines.append(line)
            }
            spent += units
            guard !lines.isEmpty else { continue }
            batches.append(
                SimulatedBatch(
                    id: BatchID("batch_\(number)"), project: ProjectID("proj_\(number % 3)"), lines: lines,
                    deadline: deadline * 1_000_000_000))
        }
        return BatchSet(batches: batches.shuffled(using: &generator), load: supply.load(of: batches))
    }

    private func simulate(
        _ batches: [SimulatedBatch], comparison: ComparisonDispatcher.Order?
    ) -> SimulationReport {
        let setup = SimulationSetup(
            trace: self.trace, batches: batches, policy: .ebb(.protect), duration: Self.duration)
        var simulation =
            comparison.map { Simulation(setup, comparison: ComparisonDispatcher(limit: .fixed(24), order: $0)) }
            ?? Simulation(setup)
        return simulation.run()
    }

    private func tally(_ sets: ArraySlice<BatchSet>, _ comparison: ComparisonDispatcher.Order?) -> Tally {
        var tally = Tally()
        for set in sets {
            let run = self.simulate(set.batches, comparison: comparison)
            let missed = run.batches.count { $0.isMissed }
            tally.sets += 1
            tally.batches += run.batches.count
            tally.missed += missed
            if set.load <= 0.9 {
                tally.possible += run.batches.count
                tally.possibleMissed += missed
            }
            tally.firstToken.add(run[.standard].firstToken)
        }
        return tally
    }

    /// Two batches due at the same time with a fifth more work than can be done.
    private func overload(_ capacity: Double) -> Double {
        let deadline: Int64 = 900
        var generator = SeededGenerator(seed: 12)
        let batches = (0..<2).map { number in
            var lines: [TraceRequest] = []
            var units = 0.0
            while units < 0.6 * capacity * Double(deadline),
                let line = self.data.conversation.requests.randomElement(using: &generator)
            {
                lines.append(line)
                units += line.units
            }
            return SimulatedBatch(
                id: BatchID("batch_\(number)"), project: "proj_0", lines: lines, deadline: deadline * 1_000_000_000)
        }
        let setup = SimulationSetup(
            trace: self.trace, batches: batches, policy: .ebb(.protect), duration: deadline * 1_000_000_000)
        var simulation = Simulation(setup)
        let lane = simulation.run()[.batch]
        return ServiceUnits.of(prompt: lane.promptTokens, output: lane.outputTokens) / (capacity * Double(deadline))
    }
}
