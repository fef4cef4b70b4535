import Quantities
import Scheduling
import Simulation
import Testing

@Suite struct SimulationTests {
    static let second: Int64 = 1_000_000_000

    /// Ten minutes of requests at a steady rate.
    static func trace(perSecond: Double, seconds: Int, prompt: Int = 600, output: Int = 120) -> Trace {
        let gap = Double(Self.second) / perSecond
        return Trace(
            (0..<Int(perSecond * Double(seconds))).map {
                TraceRequest(arrival: Int64(Double($0) * gap), promptTokens: prompt + $0 % 97, outputTokens: output)
            })
    }

    static func backlog(_ lines: Int, deadline: Int64 = 86_400) -> SimulatedBatch {
        SimulatedBatch(
            id: "batch_1",
            lines: (0..<lines).map {
                TraceRequest(arrival: 0, promptTokens: 900 + $0 % 301, outputTokens: 150 + $0 % 83)
            }, deadline: deadline * Self.second)
    }

    static func run(_ policy: SimulationSetup.Policy, batches: [SimulatedBatch]) -> SimulationReport {
        var simulation = Simulation(
            SimulationSetup(trace: Self.trace(perSecond: 1.4, seconds: 300), batches: batches, policy: policy))
        return simulation.run()
    }

    @Test("interactive work stays fast beside a backlog that drowns an engine without a gateway")
    func isolation() throws {
        let backlog = Self.backlog(20_000)
        let alone = try #require(Self.run(.alone, batches: [])[.standard].firstToken.percentile(0.99))
        let flood = try #require(Self.run(.flood, batches: [backlog])[.standard].firstToken.percentile(0.99))
        let report = Self.run(.ebb(.balanced), batches: [backlog])
        let ebb = try #require(report[.standard].firstToken.percentile(0.99))
        #expect(flood > 20 * alone)
        #expect(ebb < 2 * alone)
        #expect(report[.batch].finished > 300)
        #expect(report.violations.count == 0)
    }

    @Test("a careful profile gives up batch work for interactive speed, a bold one the other way round")
    func profiles() {
        let reports = [Protection.protect, .balanced, .throughput].map {
            Self.run(.ebb($0), batches: [Self.backlog(20_000)])
        }
        let batch = reports.map { $0[.batch].outputTokens }
        let waits = reports.map { $0[.standard].firstToken.percentile(0.5) ?? 0 }
        #expect(batch == batch.sorted() && batch[0] < batch[2])
        #expect(waits == waits.sorted() && waits[0] < waits[2])
    }

    @Test("lines that lose their place are lines, whatever runs beside them, and are told")
    func lostLines() {
        var setup = SimulationSetup(
            trace: Self.trace(perSecond: 1.4, seconds: 300), batches: [Self.backlog(2_000)], policy: .ebb(.fixed(8)))
        func returned(_ incidents: [Incident]) -> Int {
            setup.incidents = incidents
            var simulation = Simulation(setup)
            return simulation.run().batches[0].returned
        }
        let losses = (1...40).map { Incident(at: Int64($0) * 5 * Self.second, .lineLost($0 * 7)) }
        #expect((32...40).contains(returned(losses)))
        #expect(returned([]) == 0)
    }

    @Test("times that must hold are held, and background work uses what they leave")
    func objectives() throws {
        func run(_ firstToken: Int64, _ gap: Int64) -> SimulationReport {
            var simulation = Simulation(
                SimulationSetup(
                    trace: Self.trace(perSecond: 1.4, seconds: 900), batches: [Self.backlog(40_000)],
                    policy: .ebb(.objective(firstToken: .milliseconds(firstToken), gap: .milliseconds(gap)))))
            return simulation.run()
        }
        let tight = run(2_000, 45)
        let loose = run(2_000, 55)
        let early = run(160, 200)
        #expect(try #require(tight[.standard].gap.percentile(0.99)) <= 46_000_000)
        #expect(try #require(loose[.standard].gap.percentile(0.99)) <= 56_000_000)
        #expect(try #require(early[.standard].firstToken.percentile(0.99)) <= 165_000_000)
        #expect(tight[.batch].outputTokens > 0)
        #expect(Double(loose[.batch].outputTokens) > 1.2 * Double(tight[.batch].outputTokens))
        #expect(loose[.batch].outputTokens > early[.batch].outputTokens)
    }

    @Test("the same setup gives the same report")
    func repeats() {
        let one = Self.run(.ebb(.balanced), batches: [Self.backlog(5_000)])
        let two = Self.run(.ebb(.balanced), batches: [Self.backlog(5_000)])
        #expect(one.work == two.work && one.steps == two.steps)
        #expect(one[.standard].firstToken.percentile(0.9) == two[.standard].firstToken.percentile(0.9))
    }

    @Test("every line of a batch ends once")
    func lines() {
        let report = Self.run(.ebb(.throughput), batches: [Self.backlog(700)])
        #expect(report.batches.map(\.finished) == [700])
        #expect(report.batches.first?.isMissed == false)
    }
}
