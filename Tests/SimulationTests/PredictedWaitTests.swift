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

    @Test("before full engines with few others waiting the prediction is near the wait, too", arguments: [1, 4, 16])
    func fewWait(slots: Int) throws {
        var shape = SteppedEngineShape()
        shape.slots = slots
        // The engines are full most of the time; now and then some requests wait.
        let perSecond: Double = slots == 1 ? 0.25 : slots == 4 ? 1.1 : 3.4
        var requests: [TraceRequest] = []
        let count = Int(perSecond * 3_000)
        for number in 0..<count {
            let unsteady = Double(number * 7 % 11) / 11
            let seconds: Double = (Double(number) + unsteady) / perSecond
            requests.append(
                TraceRequest(
                    arrival: Int64(seconds * 1e9), promptTokens: 600 + number % 97,
                    outputTokens: 80 + number * 37 % 81, lane: .flex, project: "proj_a"))
        }
        requests.sort { $0.arrival < $1.arrival }
        var setup = SimulationSetup(trace: Trace(requests), policy: .ebb(.none), duration: 3_000 * Self.second)
        setup.shape = shape
        setup.hasFixedLimit = true
        var simulation = Simulation(setup)
        let report = simulation.run()
        let ratios = report[.flex].predictedWaits.dropFirst(30).sorted()
        #expect(ratios.count > 200)
        let median = try #require(ratios.isEmpty ? nil : ratios[ratios.count / 2])
        // One place: that of the request that runs, which may be a third longer or shorter than they are on average.
        #expect(slots == 1 ? (0.6...1.2).contains(median) : (0.9...1.15).contains(median), "\(median)")
    }
}
