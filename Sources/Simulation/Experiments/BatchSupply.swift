import Quantities
import Scheduling

/// Work that batches get in a simulated span, second by second: traffic beside them is not even, so neither is this.
struct BatchSupply {
    /// Units that were done by the end of each second.
    private let done: [Double]

    init(_ report: SimulationReport) {
        let lane = report[.batch]
        let units = ServiceUnits.of(prompt: lane.promptTokens, output: lane.outputTokens)
        let each = units / Double(max(1, lane.outputTokens))
        var sum = 0.0
        self.done = report.backgroundPerSecond.map { tokens in
            sum += Double(tokens) * each
            return sum
        }
    }

    /// Units per second.
    var mean: Double { (self.done.last ?? 0) / Double(max(1, self.done.count - 1)) }

    /// Largest ratio of work that is due to what is done by then, less the margin for the last lines to end.
    func load(of batches: [SimulatedBatch]) -> Double {
        var need = 0.0
        var most = 0.0
        for batch in batches.sorted(by: { ($0.deadline, $0.id) < ($1.deadline, $1.id) }) {
            need += batch.lines.reduce(0) { $0 + $1.units }
            let usable = Double(batch.deadline) / 1e9 - DeadlineReview.margin.secondsApproximate
            let second = min(self.done.count - 1, max(0, Int(usable)))
            most = max(most, need / max(1, self.done[second]))
        }
        return most
    }
}
