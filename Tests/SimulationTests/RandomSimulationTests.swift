import Quantities
import Scheduling
import SchedulingTesting
import Simulation
import Testing

/// Small random simulations with everything that goes wrong: engines that die, calls that fail, clients that leave,
/// batches that are cancelled, slots that change.
@Suite struct RandomSimulationTests {
    static let name = "RandomSimulationTests"

    @Test("the rules hold in any simulation, and the same events bring about the same actions")
    func random() async {
        let end = await #expect(processExitsWith: .success) {
            SeedRun(RandomSimulationTests.name, seeds: 400).run { RandomSimulationTests.flaws($0) }
        }
        if end == nil { Issue.record("\(SeedRun.lastWords(of: Self.name))") }
    }

    static func flaws(_ seed: UInt64) -> [String] {
        var generator = SeededGenerator(seed: seed)
        let setup = Self.setup(&generator)
        var simulation = Simulation(setup)
        let report = simulation.run()
        var flaws = report.violations.first
        // I11 speaks of loads that can be known; engines that die and slots that vanish cannot.
        if !setup.incidents.isEmpty { flaws.removeAll { $0.hasPrefix("I11") } }
        if simulation.log.replayed() != simulation.log.actions { flaws.append("I13 the replay differs") }
        for batch in report.batches where batch.finished > batch.lines {
            flaws.append("I4 \(batch.id): \(batch.finished) of \(batch.lines) lines ended")
        }
        // Half of the time nothing arrives: what came is answered by the end, or was refused, or has left.
        for lane in [Lane.priority, .standard, .flex] {
            let ended = report[lane].finished + report[lane].refused + report[lane].failed + report[lane].gone
            if ended != report[lane].arrived { flaws.append("\(lane): \(report[lane].arrived) came, \(ended) ended") }
        }
        return flaws + Self.unaccounted(report, setup)
    }

    /// I5: what the engines did is what ended, and what was thrown away.
    static func unaccounted(_ report: SimulationReport, _ setup: SimulationSetup) -> [String] {
        var computed = 0
        var made = 0
        for lane in report.lanes {
            computed += lane.promptTokens - lane.cachedTokens
            // The first token comes with the last of the prompt.
            made += lane.outputTokens - lane.finished
        }
        let work = setup.shape.work(promptTokens: computed, outputTokens: made)
        // A call that fails, leaves or loses its place has done some of its work too.
        let isWhole =
            setup.incidents.isEmpty && report.pushedOut == 0 && report.lanes.allSatisfy { $0.preempted == 0 }
            && report.batches.allSatisfy { $0.finished == $0.lines }
        guard isWhole ? report.work == work : report.work >= work else {
            return ["I5 the engines did \(report.work) ns of work, what ended took \(work)"]
        }
        return []
    }

    static func setup(_ generator: inout SeededGenerator) -> SimulationSetup {
        func any(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
        let second: Int64 = 1_000_000_000
        var requests: [TraceRequest] = []
        for _ in 0..<any(0...120) {
            requests.append(
                TraceRequest(
                    arrival: Int64(any(0...40_000)) * 1_000_000, promptTokens: any(1...2_000),
                    outputTokens: any(1...120),
                    chain: any(0...1) == 0 ? [UInt64(any(1...4))] : [],
                    lane: [.priority, .standard, .flex][any(0...2)],
                    project: ProjectID("proj_\(any(0...3))")))
        }
        let batches = (0..<any(0...3)).map { number in
            SimulatedBatch(
                id: BatchID("batch_\(number)"), project: ProjectID("proj_\(any(0...3))"),
                lines: (0..<any(1...60)).map { _ in
                    TraceRequest(arrival: 0, promptTokens: any(1...1_500), outputTokens: any(1...150))
                }, createdAt: Int64(any(0...20)) * second, deadline: Int64(any(30...4_000)) * second)
        }
        var shape = SteppedEngineShape.l4
        shape.slots = any(1...24)
        shape.memoryTokens = any(4_000...60_000)
        shape.cacheBlocks = any(0...50)
        let policies: [SimulationSetup.Policy] = [
            .ebb(.protect), .ebb(.balanced), .ebb(.throughput), .ebb(.none), .ebb(.fixed(3)),
            .ebb(.objective(firstToken: .seconds(1), gap: .milliseconds(50))),
        ]
        let engines = any(1...3)
        var setup = SimulationSetup(
            trace: Trace(requests), batches: batches, shape: shape, engines: engines,
            policy: policies[any(0...policies.count - 1)], duration: 300 * second)
        setup.keepsLog = true
        setup.sampleEvery = any(0...2) == 0 ? nil : second
        setup.sampleAge = Int64(any(0...8)) * second
        setup.limitStart = any(1...32)
        setup.flexPatience = .seconds(any(5...200))
        setup.incidents = Self.incidents(engines, batches.map(\.id), &generator)
        return setup
    }

    static func incidents(_ engines: Int, _ batches: [BatchID], _ generator: inout SeededGenerator) -> [Incident] {
        let second: Int64 = 1_000_000_000
        var incidents: [Incident] = []
        // In some nothing goes wrong, so that what is promised of such times is looked at.
        let count = Int.random(in: -3...12, using: &generator)
        guard count > 0 else { return [] }
        for _ in 0..<count {
            let at = Int64.random(in: 0...60, using: &generator) * second
            let number = Int.random(in: 0...99, using: &generator)
            switch Int.random(in: 0...6, using: &generator) {
            case 0: incidents.append(Incident(at: at, .engineLost(number)))
            case 1: incidents.append(Incident(at: at, .slots(1 + number / 4)))
            case 2: incidents.append(Incident(at: at, .gone(number)))
            case 3: if let batch = batches.last { incidents.append(Incident(at: at, .cancel(batch))) }
            case 4: incidents.append(Incident(at: at, .held(until: at + 10 * second)))
            case 5: incidents.append(Incident(at: at, .failure(number, .capacity(retryAfter: .seconds(number % 9)))))
            default: incidents.append(Incident(at: at, .failure(number, number % 2 == 0 ? .request : .lost)))
            }
        }
        // All are back in the end, with slots.
        incidents += (0..<engines).map { Incident(at: 70 * second, .engineBack($0)) }
        incidents.append(Incident(at: 70 * second, .slots(16)))
        return incidents
    }
}
