import Quantities
import Scheduling
import Simulation
import Testing

/// What the experiments measure with: the times of an engine's steps, its memory and its line. A step of `h100` takes
/// 28 ms, 55 us for each token of a prompt and 300 us for each sequence that decodes.
@Suite struct EngineStepTests {
    static let millisecond: Int64 = 1_000_000

    static func request(
        at milliseconds: Int64 = 0, prompt: Int = 1_000, output: Int = 11, lane: Lane = .standard
    ) -> TraceRequest {
        TraceRequest(
            arrival: milliseconds * Self.millisecond, promptTokens: prompt, outputTokens: output, lane: lane)
    }

    static func run(
        _ requests: [TraceRequest], _ policy: SimulationSetup.Policy = .flood,
        _ change: (inout SteppedEngineShape) -> Void = { _ in }
    ) -> SimulationReport {
        var shape = SteppedEngineShape.h100
        change(&shape)
        var simulation = Simulation(
            SimulationSetup(
                trace: Trace(requests), shape: shape, policy: policy, duration: 60_000 * Self.millisecond))
        return simulation.run()
    }

    @Test("a lone request of 1,000 tokens has its first token after 83 ms, and one each 28.3 ms after that")
    func alone() {
        let report = Self.run([Self.request()])[.standard]
        #expect(report.firstToken.percentile(1) == 83 * Self.millisecond)
        #expect(report.gap.percentile(1) == 28_300_000)
        #expect(report.endToEnd.percentile(1) == 366 * Self.millisecond)
    }

    @Test("two streams share each step: 55 ms more for the other's prompt, 0.3 ms for its tokens")
    func pair() {
        let report = Self.run([Self.request(), Self.request()])[.standard]
        #expect(report.firstToken.percentile(1) == 138 * Self.millisecond)
        #expect(report.gap.percentile(1) == 28_600_000)
    }

    @Test("a prompt beyond the tokens of a step takes several, beside which others decode")
    func chunks() {
        let report = Self.run([Self.request(prompt: 5_000)])[.standard]
        // Two of 2,048 tokens, and the rest.
        #expect(report.firstToken.percentile(1) == (3 * 28 * Self.millisecond) + 5_000 * 55_000)
        let beside = Self.run([Self.request(output: 500), Self.request(at: 200, prompt: 5_000, lane: .flex)])
        // 2,047 tokens fit beside the one that decodes, so there are still three steps.
        let steps: Int64 = 3 * 28_300_000 + 5_000 * 55_000
        // It waits for the end of the step under way, less than one of 28.3 ms.
        let first = beside[.flex].firstToken.percentile(1) ?? 0
        #expect((steps...steps + 28_300_000).contains(first))
    }

    /// Two requests of 1,000 tokens and 101 tokens of answer where 2,100 fit.
    static func crowded(_ lanes: [Lane]) -> SimulationReport {
        Self.run(lanes.map { Self.request(output: 101, lane: $0) }) { $0.memoryTokens = 2_100 }
    }

    @Test("where two outgrow the memory the later one is pushed out, and computed again when it fits")
    func memory() {
        let report = Self.crowded([.standard, .standard])
        #expect(report.pushedOut == 1)
        #expect(report[.standard].finished == 2 && report[.standard].outputTokens == 202)
        // Both prompts, and once more one of them with the 51 tokens that it had made.
        #expect(report.promptTokensComputed == 2_000 + 1_051)
        // Fifty steps together and fifty alone; then the other computes its 1,051 tokens and makes 49 more.
        let first: Int64 = 138_000_000 + 50 * 28_600_000 + 50 * 28_300_000
        #expect(report[.standard].endToEnd.percentile(0) == first)
        #expect(report[.standard].endToEnd.percentile(1) == first + 28_000_000 + 1_051 * 55_000 + 49 * 28_300_000)
    }

    @Test("the less important one is pushed out, though it came first")
    func memoryByPriority() {
        let report = Self.crowded([.flex, .standard])
        #expect(report.pushedOut == 1)
        let first: Int64 = 138_000_000 + 50 * 28_600_000 + 50 * 28_300_000
        #expect(report[.standard].endToEnd.percentile(1) == first)
        #expect(report[.flex].endToEnd.percentile(1) ?? 0 > first)
    }

    @Test("an engine with priorities takes the more important one first, and nobody's place")
    func priorities() {
        let requests = [
            Self.request(prompt: 100, lane: .flex), Self.request(at: 1, prompt: 100, lane: .flex),
            Self.request(at: 2, prompt: 100),
        ]
        func wait(_ policy: SimulationSetup.Policy) -> Int64? {
            Self.run(requests, policy) { $0.slots = 1 }[.standard].firstToken.percentile(1)
        }
        // One request takes 33.5 ms and ten steps of 28.3 ms.
        let each: Int64 = 33_500_000 + 10 * 28_300_000
        #expect(wait(.flood) == 2 * each + 33_500_000 - 2 * Self.millisecond)
        #expect(wait(.floodWithPriority) == each + 33_500_000 - 2 * Self.millisecond)
    }
}
