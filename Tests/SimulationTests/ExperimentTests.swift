import Quantities
import Scheduling
import Simulation
import Testing

/// The experiments themselves run by hand on public traces (docs/benchmarks.md); here their parts, on small ones.
@Suite struct ExperimentTests {
    static let second: Int64 = 1_000_000_000

    static func lines(_ count: Int, prompt: Int, output: Int) -> [TraceRequest] {
        (0..<count).map { TraceRequest(arrival: 0, promptTokens: prompt + $0 % 50, outputTokens: output + $0 % 20) }
    }

    @Test("every experiment has a name that finds it")
    func names() {
        for experiment in Experiment.allCases { #expect(Experiment.named(experiment.rawValue) == experiment) }
        #expect(Experiment.named("E3") == .e3)
        #expect(Experiment.named("e9") == nil)
    }

    @Test("E5: prefix order computes each common beginning once, the file's order again and again")
    func prefixOrder() throws {
        var generator = SeededGenerator(seed: 1)
        let requests = (0..<240).map { number -> TraceRequest in
            let group = UInt64.random(in: 1...60, using: &generator)
            let chain = (0..<6).map { group << 8 | UInt64($0) } + [1 << 40 | UInt64(number)]
            return TraceRequest(arrival: 0, promptTokens: 7 * 512, outputTokens: 5, chain: chain)
        }
        let trace = Trace(SimulationTests.trace(perSecond: 1, seconds: 30).requests)
        let report = Experiment.run(
            .e5, data: ExperimentData(conversation: trace, code: trace, synthetic: Trace(requests), isQuick: true))
        let alone = try #require(report.bars.first { $0.name.hasPrefix("prefix order alone") })
        #expect(alone.passed)
        let lost = try #require(report.rows.first { $0.label.contains("lose their place") })
        #expect((10...12).contains(try #require(Int(lost.values[2]))), "of 240 lines")
        #expect(report.text.contains("| bar | value | limit | |"))
    }

    @Test(
        "two projects with batches of different kinds get the same service, three times the weight three times as much")
    func fairness() throws {
        var setup = SimulationSetup(
            trace: Trace([]),
            batches: [
                SimulatedBatch(
                    id: "batch_a", project: "proj_a", lines: Self.lines(6_000, prompt: 1_500, output: 20),
                    deadline: 90_000 * Self.second),
                SimulatedBatch(
                    id: "batch_b", project: "proj_b", lines: Self.lines(6_000, prompt: 300, output: 200),
                    deadline: 90_000 * Self.second),
            ], policy: .ebb(.none), duration: 240 * Self.second)
        func tokens(_ setup: SimulationSetup) -> [Double] {
            var simulation = Simulation(setup)
            let report = simulation.run()
            #expect(report.violations.first == [])
            // Lengths are not known: what is in flight may cost more than was thought.
            #expect(report.serviceSpreadMost < 20_000)
            return [report.batches[0].finished * 1_570, report.batches[1].finished * 745].map { Double($0) }
        }
        let equal = tokens(setup)
        #expect(abs(equal[0] / equal[1] - 1) < 0.2)
        setup.weights = ["proj_a": 3]
        let weighted = tokens(setup)
        #expect(abs(weighted[0] / weighted[1] - 3) < 0.6)
    }

    @Test("a batch whose deadline is near overtakes one of another project, and both end in time")
    func deadlines() {
        let setup = SimulationSetup(
            trace: SimulationTests.trace(perSecond: 1, seconds: 600),
            batches: [
                SimulatedBatch(
                    id: "batch_late", project: "proj_a", lines: Self.lines(1_200, prompt: 900, output: 150),
                    deadline: 3_600 * Self.second),
                SimulatedBatch(
                    id: "batch_soon", project: "proj_b", lines: Self.lines(500, prompt: 900, output: 150),
                    deadline: 400 * Self.second),
            ], policy: .ebb(.protect), duration: 1_500 * Self.second)
        var simulation = Simulation(setup)
        let report = simulation.run()
        #expect(report.batches.map(\.isMissed) == [false, false])
        #expect(report.promotions > 0)
        #expect(report.violations.first == [])
    }

    @Test("the limit is found from eight in flight on, with counts and without, and follows slots that vanish")
    func capacity() {
        for signals in [true, false] {
            var shape = SteppedEngineShape.h100
            shape.slots = 32
            var setup = SimulationSetup(
                trace: Trace([]), batches: [SimulationTests.backlog(20_000)], shape: shape, policy: .ebb(.none),
                duration: 240 * Self.second)
            setup.limitStart = 8
            if !signals { setup.sampleEvery = nil }
            setup.incidents = [Incident(at: 120 * Self.second, .slots(12))]
            var simulation = Simulation(setup)
            let report = simulation.run()
            let calm = report.engineQueue[400...]
            // 640 with the slots as the limit all the time, 310 with the eight of the start.
            #expect(report[.batch].finished > 590)
            if signals { #expect(calm.reduce(0, +) <= 4 * calm.count) }
            #expect(report.limitSum / Double(report.standings) > 14)
        }
    }
}
