import Quantities
import Scheduling

/// E4: projects with batches of different kinds compete for one engine; the lengths of answers are not known.
struct FairnessExperiment {
    struct Case {
        let name: String
        let batches: [SimulatedBatch]
        var weights: [ProjectID: Double] = [:]
        /// Projects that have work all the time, whose shares are compared.
        let steady: [ProjectID]
    }

    let data: ExperimentData
    static let duration = 20 * ExperimentData.minute

    func run() -> ExperimentReport {
        var report = ExperimentReport(
            .e4,
            setup: "20 minutes, 64 slots, short answers, long ones and a mixture; differences in the largest request",
            columns: ["largest difference", "share error %", "wait of a returning project, quanta", "work over FIFO"])
        let largest = Double(
            (self.data.code.requests + self.data.conversation.requests).map { Int($0.units) }
                .max() ?? 1)
        for item in self.cases { self.measure(item, largest: largest, into: &report) }
        return report
    }

    private func batch(
        _ number: Int, _ project: ProjectID, lines: Int, from: Int64 = 0, reversed: Bool = false
    ) -> SimulatedBatch {
        let requests: [TraceRequest]
        switch number % 3 {
        case 0: requests = self.data.code.requests
        case 1: requests = self.data.conversation.requests
        default:
            requests = zip(self.data.code.requests, self.data.conversation.requests).flatMap { [$0, $1] }
        }
        var batch = ExperimentData.backlog(Trace(requests), lines: lines, id: "batch_\(project)_\(from)_\(number)")
        // Each begins at another place of its trace.
        let turn = number * 997 % max(1, batch.lines.count)
        batch.lines = Array(batch.lines[turn...] + batch.lines[..<turn])
        batch.project = project
        batch.createdAt = from
        return batch
    }

    private var cases: [Case] {
        let names = (0..<20).map { ProjectID("proj_\($0)") }
        func steady(_ count: Int) -> [SimulatedBatch] {
            (0..<count).map { self.batch($0, names[$0], lines: 20_000) }
        }
        // One project comes for a while, goes, and comes again.
        let visits = [5, 10, 15].map { minute in
            self.batch(2, "proj_guest", lines: 150, from: Int64(minute) * ExperimentData.minute)
        }
        return [
            Case(name: "2 projects", batches: steady(2), steady: Array(names[..<2])),
            Case(name: "3 projects", batches: steady(3), steady: Array(names[..<3])),
            Case(
                name: "2 projects, weights 3:1", batches: steady(2), weights: [names[0]: 3],
                steady: Array(names[..<2])),
            Case(
                name: "2 projects and one that comes and goes", batches: steady(2) + visits,
                steady: Array(names[..<2])),
            Case(name: "20 projects", batches: steady(20), steady: names),
        ]
    }

    /// How long the lines that ended take in one queue, mixed as they were served.
    private func firstComeSeconds(_ item: Case, _ run: SimulationReport) -> Double {
        var mixed: [(at: Double, line: TraceRequest)] = []
        for (batch, report) in zip(item.batches, run.batches) {
            for (place, line) in batch.lines.prefix(report.finished).enumerated() {
                let begins = Double(batch.createdAt) / Double(Self.duration)
                mixed.append((begins + (1 - begins) * Double(place) / Double(report.finished), line))
            }
        }
        let lines = mixed.sorted { $0.at < $1.at }.map(\.line)
        let setup = SimulationSetup(
            trace: Trace([]), batches: [SimulatedBatch(id: "batch_all", lines: lines, deadline: 2 * Self.duration)],
            policy: .ebb(.none), duration: 2 * Self.duration)
        var simulation = Simulation(setup, comparison: ComparisonDispatcher(limit: .fixed(64)))
        return simulation.run().batches.first?.endedAt ?? 0
    }

    private func measure(_ item: Case, largest: Double, into report: inout ExperimentReport) {
        var setup = SimulationSetup(
            trace: Trace([]), batches: item.batches, policy: .ebb(.none), duration: Self.duration)
        setup.weights = item.weights
        var simulation = Simulation(setup)
        let run = simulation.run()
        let work = self.firstComeSeconds(item, run) / (Double(Self.duration) / 1e9)
        // Service counts over its weight, so equal is fair.
        let service = item.steady.compactMap { run.batchService[$0] }
        let mean = service.reduce(0, +) / Double(max(1, service.count))
        let error = service.map { abs($0 / mean - 1) }.max() ?? 0
        let spread = run.serviceSpreadMost / largest
        // A quantum is what a project may lead by: four requests of mean size.
        let lane = run[.batch]
        let units = ServiceUnits.of(prompt: lane.promptTokens, output: lane.outputTokens)
        let quantum = 4 * units / Double(max(1, lane.finished)) / (units / (Double(Self.duration) / 1e9))
        let waits = run.batches.enumerated().filter { item.batches[$0.offset].createdAt > 0 }.map { place, batch in
            ((batch.startedAt ?? .infinity) - Double(item.batches[place].createdAt) / 1e9) / quantum
        }
        let wait = waits.max()
        report.row(
            item.name,
            [
                ExperimentReport.figure(spread), ExperimentReport.figure(error * 100),
                wait.map { ExperimentReport.figure($0) } ?? "", ExperimentReport.figure(work, 3),
            ])
        let allowed = 2 + 4 * units / Double(max(1, lane.finished)) / largest
        report.bar("\(item.name): largest difference, in largest requests", spread, atMost: allowed)
        report.bar("\(item.name): share error %", error * 100, atMost: 2)
        if let wait { report.bar("\(item.name): wait in quanta", wait, atMost: 2) }
        report.bar("\(item.name): work over FIFO", work, atLeast: 0.98)
    }
}
