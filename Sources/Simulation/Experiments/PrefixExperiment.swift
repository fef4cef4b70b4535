import Batching
import Quantities
import Scheduling

/// E5: one batch with shared beginnings on an engine with a small cache, in different orders, alone and beside requests
/// that pollute the cache, with lines that lose their place.
struct PrefixExperiment {
    let data: ExperimentData

    func run() -> ExperimentReport {
        var report = ExperimentReport(
            .e5, setup: "Mooncake synthetic as one batch, 32 in flight, cache of 2,000 blocks of 512 tokens",
            columns: ["prompt tokens computed / least possible", "lines ended", "lost their place", "hit %"])
        let lines = self.data.synthetic.requests
        var builder = PrefixOrderBuilder()
        for line in lines { builder.append(chain: line.chain, outputTokens: UInt32(line.outputTokens)) }
        let order = builder.build()
        let sorted = order.lines.map { lines[Int($0)] }
        var generator = SeededGenerator(seed: 5)
        var ended = 0.0
        func add(_ label: String, _ lines: [TraceRequest], _ way: Way = Way()) -> Double {
            let run = self.simulate(lines, way)
            let (lane, beside) = (run[.batch], run[.standard])
            ended = run.batches.first?.endedAt ?? Double(run.duration) / 1e9
            // What lost its place and was computed again counts too.
            let computed = run.promptTokensComputed - (beside.promptTokens - beside.cachedTokens)
            let ratio = Double(computed) / Double(Self.least(lines, lane.finished))
            report.row(
                label,
                [
                    ExperimentReport.figure(ratio, 3), "\(lane.finished)",
                    "\(run.batches.reduce(0) { $0 + $1.returned })",
                    ExperimentReport.figure(100 * Double(lane.cachedTokens) / Double(max(1, lane.promptTokens)), 1),
                ])
            return ratio
        }
        let arrival = add("order of arrival", lines)
        _ = add("random order", lines.shuffled(using: &generator))
        let alone = add("prefix order", sorted)
        _ = add("prefix order, 1.4 requests/s beside it", sorted, Way(isShared: true))
        let losses = Self.losses(lines.count / 20, within: ended)
        let shared = add(
            "the same, 5 % of the lines lose their place", sorted, Way(isShared: true, incidents: losses))
        _ = add("two engines, prefix order, each line where there is room", sorted, Way(engines: 2))
        let grouped = add("two engines, each with beginnings of its own", sorted, Way(engines: 2, isGrouped: true))
        report.bar("two engines, computed over least", grouped, atMost: 1.05)
        report.bar("prefix order alone, computed over least", alone, atMost: 1.01)
        report.bar("prefix order beside others, computed over least", shared, atMost: 1.05)
        report.bar("order of arrival, the control", arrival, atLeast: 1.4)
        self.large(into: &report)
        return report
    }

    /// Tokens that must be computed at least when these lines run: each block of the trie once.
    private static func least(_ lines: [TraceRequest], _ count: Int) -> Int {
        var builder = PrefixOrderBuilder()
        for line in lines.prefix(count) { builder.append(chain: line.chain) }
        let order = builder.build()
        var tokens = 0
        for (place, line) in order.lines.enumerated() {
            let prompt = lines[Int(line)].promptTokens
            tokens += prompt - min(prompt - 1, Int(order.shared[place]) * 512)
        }
        return tokens
    }

    /// What differs from one batch alone at one engine.
    private struct Way {
        var isShared = false
        var engines = 1
        var isGrouped = false
        var incidents: [Incident] = []
    }

    /// So many lines that lose their place, at random moments of the batch's life.
    private static func losses(_ count: Int, within seconds: Double) -> [Incident] {
        var generator = SeededGenerator(seed: 55)
        return (0..<count).map { _ in
            Incident(
                at: Int64.random(in: 0..<max(1, Int64(seconds * 1e9)), using: &generator),
                .lineLost(Int.random(in: 0..<1_000, using: &generator)))
        }
    }

    private func simulate(_ lines: [TraceRequest], _ way: Way) -> SimulationReport {
        var shape = SteppedEngineShape.h100
        shape.memoryTokens = 1_500_000
        shape.cacheBlocks = 2_000
        let duration = 180 * ExperimentData.minute
        var beside: [TraceRequest] = []
        if way.isShared {
            beside = self.data.conversation.thinned(to: 0.25).repeated(for: duration).requests
            for index in beside.indices {
                // Blocks that nobody else has.
                let first = UInt64(index) &* 1_000 &+ (1 << 60)
                beside[index].chain = (0..<UInt64(beside[index].promptTokens / 512)).map { first + $0 }
            }
        }
        var setup = SimulationSetup(
            trace: Trace(beside),
            batches: [SimulatedBatch(id: "batch_1", lines: lines, deadline: 2 * duration)], shape: shape,
            engines: way.engines, policy: .ebb(.fixed(32)), duration: duration)
        setup.groupsByEngine = way.isGrouped
        setup.incidents = way.incidents
        var simulation = Simulation(setup)
        return simulation.run()
    }

    /// 50,000 lines of 16 blocks, as a file of 200 MB has them: three levels of shared beginnings.
    private func large(into report: inout ExperimentReport) {
        var generator = SeededGenerator(seed: 50)
        var builder = PrefixOrderBuilder()
        var chains: [[UInt64]] = []
        for line in 0..<50_000 {
            let group = UInt64.random(in: 0..<40, using: &generator)
            let part = UInt64.random(in: 0..<50, using: &generator)
            chains.append(
                (0..<16).map { depth -> UInt64 in
                    switch depth {
                    case 0..<6: return group << 32 | UInt64(depth)
                    case 6..<11: return 1 << 60 | group << 40 | part << 32 | UInt64(depth)
                    default: return 1 << 61 | UInt64(line) << 8 | UInt64(depth)
                    }
                })
        }
        let began = self.data.seconds?()
        for chain in chains { builder.append(chain: chain) }
        let keys = builder.keysBytes
        let order = builder.build()
        let seconds = began.flatMap { start in self.data.seconds.map { $0() - start } }
        func computed(_ lines: [Int]) -> Int {
            var cache = PrefixCache(blocksMax: 2_000)
            return lines.reduce(0) { total, line in
                let found = cache.match(chains[line])
                cache.insert(chains[line])
                return total + chains[line].count - found
            }
        }
        let least = Double(order.minimumBlocks)
        let ratio = Double(computed(order.lines.map { Int($0) })) / least
        let arrival = Double(computed(Array(chains.indices))) / least
        report.row("50,000 generated lines, prefix order", [ExperimentReport.figure(ratio, 3), "50000", "", ""])
        report.row("50,000 generated lines, order of arrival", [ExperimentReport.figure(arrival, 3), "50000", "", ""])
        report.bar("50,000 lines: computed over least", ratio, atMost: 1.01)
        report.bar("50,000 lines: keys in memory, MB", Double(keys) / 1e6, atMost: 64)
        if let seconds { report.bar("50,000 lines: sort, s", seconds, atMost: 10) }
    }
}
