import Quantities
import Scheduling
import Simulation
import Testing

@Suite("One batch at two engines") struct EnginesOfOneBatchTests {
    private static let second: Int64 = 1_000_000_000
    private static let block = 512

    /// Groups of lines with a common beginning of six blocks and a last block of their own, neighbours in the file.
    private static func lines(groups: Int, each: Int) -> [TraceRequest] {
        (0..<groups).flatMap { group in
            (0..<each).map { line -> TraceRequest in
                let chain = (0..<6).map { UInt64(group + 1) << 20 | UInt64($0) }
                let own = 1 << 40 | UInt64(group * each + line)
                return TraceRequest(
                    arrival: 0, promptTokens: 7 * Self.block, outputTokens: 20 + line % 7, chain: chain + [own])
            }
        }
    }

    private static func run(
        _ lines: [TraceRequest], grouped: Bool, incidents: [Incident] = []
    ) -> SimulationReport {
        var shape = SteppedEngineShape.h100
        shape.memoryTokens = 1_500_000
        shape.cacheBlocks = 400
        var setup = SimulationSetup(
            trace: Trace([]),
            batches: [SimulatedBatch(id: "batch_1", lines: lines, deadline: 86_400 * Self.second)], shape: shape,
            engines: 2, policy: .ebb(.fixed(8)), duration: 3_600 * Self.second)
        setup.groupsByEngine = grouped
        setup.incidents = incidents
        var simulation = Simulation(setup)
        return simulation.run()
    }

    /// Prompt tokens computed over the least possible: each common beginning once.
    private static func ratio(_ report: SimulationReport, groups: Int, each: Int) -> Double {
        Double(report.promptTokensComputed) / Double((groups * 6 + groups * each) * Self.block)
    }

    @Test("a group is computed at one engine, not at both")
    func computed() {
        let lines = Self.lines(groups: 60, each: 8)
        let apart = Self.run(lines, grouped: false)
        let grouped = Self.run(lines, grouped: true)
        for report in [apart, grouped] {
            #expect(report[.batch].finished == lines.count)
            #expect(report.violations.first == [])
        }
        #expect(Self.ratio(apart, groups: 60, each: 8) > 1.3)
        #expect(Self.ratio(grouped, groups: 60, each: 8) < 1.04)
        let (before, after) = (apart.batches[0].endedAt ?? .infinity, grouped.batches[0].endedAt ?? .infinity)
        #expect(after < before, "what is not computed twice takes no time")
    }

    @Test("one group for both engines is cut once or twice, and neither idles")
    func oneGroup() {
        let lines = Self.lines(groups: 1, each: 400)
        let grouped = Self.run(lines, grouped: true)
        let apart = Self.run(lines, grouped: false)
        #expect(grouped[.batch].finished == lines.count)
        #expect(Self.ratio(grouped, groups: 1, each: 400) < 1.04)
        let (before, after) = (apart.batches[0].endedAt ?? .infinity, grouped.batches[0].endedAt ?? .infinity)
        #expect(after < 1.05 * before)
    }

    @Test("an engine that dies gives its groups back, and takes others when it is back")
    func lost() {
        let lines = Self.lines(groups: 60, each: 8)
        let incidents = [
            Incident(at: 3 * Self.second, .engineLost(1)), Incident(at: 6 * Self.second, .engineBack(1)),
            Incident(at: 8 * Self.second, .engineLost(0)),
        ]
        let report = Self.run(lines, grouped: true, incidents: incidents)
        #expect(report[.batch].finished == lines.count)
        #expect(report.violations.first == [])
        #expect(report.batches[0].endedAt.map { $0 > 8 } == true, "it still ran when the second engine died")
    }
}
