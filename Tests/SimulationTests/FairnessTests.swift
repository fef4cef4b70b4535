import Quantities
import Scheduling
import Simulation
import Testing

/// Shares of projects that have more interactive work than two engines can do.
@Suite struct FairnessTests {
    static let second: Int64 = 1_000_000_000

    static func requests(
        _ project: ProjectID, perSecond: Int, from: Int64, to: Int64, output: Int = 120
    ) -> [TraceRequest] {
        (0..<Int(to - from) * perSecond).map {
            TraceRequest(
                arrival: from * Self.second + Int64($0) * Self.second / Int64(perSecond), promptTokens: 600 + $0 % 97,
                outputTokens: output, project: project)
        }
    }

    /// Service of each project up to this second.
    static func service(_ requests: [TraceRequest], until seconds: Int64) -> (SimulationReport, [ProjectID: Double]) {
        var simulation = Simulation(
            SimulationSetup(
                trace: Trace(requests.sorted { $0.arrival < $1.arrival }), engines: 2, policy: .ebb(.balanced),
                duration: seconds * Self.second))
        let report = simulation.run()
        return (report, report.projects.mapValues { Double($0.promptTokens + 2 * $0.outputTokens) })
    }

    @Test("who had little to do does not save it up: a rush is served in turn with the others")
    func rush() throws {
        // Long answers: something of this project runs all the time, but nothing of it waits.
        let requests =
            Self.requests("proj_a", perSecond: 20, from: 0, to: 180)
            + Self.requests("proj_b", perSecond: 20, from: 0, to: 180)
            + Self.requests("proj_rush", perSecond: 1, from: 0, to: 120, output: 300)
            + Self.requests("proj_rush", perSecond: 40, from: 120, to: 180)
        let (_, before) = Self.service(requests, until: 125)
        let (report, after) = Self.service(requests, until: 175)
        let got = after.mapValues { $0 }.merging(before) { $0 - $1 }
        let total = got.values.reduce(0, +)
        for project in ["proj_a", "proj_b", "proj_rush"] as [ProjectID] {
            #expect(abs(try #require(got[project]) / total - 1.0 / 3) < 0.07)
        }
        // What is in flight is charged as it streams, so a difference of some requests remains.
        #expect(report[.standard].spreadMax < 20_000)
        #expect(report.violations.first == [])
    }
}
