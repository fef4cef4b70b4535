import Quantities
import Scheduling
import Simulation
import Testing

/// What flex requests are told of their wait, against how long they waited.
@Suite struct PredictedWaitTests {
    static let second: Int64 = 1_000_000_000

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        var expectedOutput: Int?
        var cachedTokens = 0
        var hasInteractive = false
        var hasBatch = false
        var projects = 1
        var testDescription: String { self.name }
    }

    static let cases = [
        Case(name: "flex alone"),
        Case(name: "max_tokens four times the answer", expectedOutput: 480),
        Case(name: "answers longer than was thought", expectedOutput: 40),
        Case(name: "prompts mostly in the cache", cachedTokens: 560),
        Case(name: "beside interactive requests", expectedOutput: 256, hasInteractive: true),
        Case(name: "beside a batch", expectedOutput: 256, hasBatch: true),
        Case(name: "three projects", expectedOutput: 256, projects: 3),
    ]

    @Test(
        "in a steady overload the median prediction is the wait, whatever the requests seemed to cost",
        arguments: cases)
    func median(_ item: Case) throws {
        var requests = (0..<8_000).map { number in
            TraceRequest(
                arrival: Int64(number) * Self.second / 20, promptTokens: 600 + number % 97,
                outputTokens: 80 + number % 81, cachedTokens: item.cachedTokens, lane: .flex,
                project: ProjectID("proj_\(number % item.projects)"))
        }
        if item.hasInteractive {
            requests += SimulationTests.trace(perSecond: 2, seconds: 400).requests
            requests.sort { $0.arrival < $1.arrival }
        }
        var setup = SimulationSetup(
            trace: Trace(requests), batches: item.hasBatch ? [SimulationTests.backlog(5_000)] : [],
            policy: .ebb(.balanced), duration: 400 * Self.second)
        setup.expectedOutput = item.expectedOutput
        setup.flexPatience = .seconds(60)
        var simulation = Simulation(setup)
        // The first minutes fill the queue.
        let ratios = simulation.run()[.flex].predictedWaits.dropFirst(400).sorted()
        #expect(ratios.count > 500)
        let median = try #require(ratios.isEmpty ? nil : ratios[ratios.count / 2])
        #expect((0.85...1.2).contains(median))
    }
}
