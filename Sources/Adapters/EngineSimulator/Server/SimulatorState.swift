import NIOCore
import Quantities

/// Everything that the connections of one simulated engine share; lives behind one lock.
struct SimulatorState: Sendable {
    /// Distinct values of `x-simulate-label` that are told apart; further ones count as `other`.
    static let labelsMax = 64
    /// Longer labels are cut.
    static let labelCharactersMax = 64

    var model: EngineModel
    var log = ExecutionLog()
    /// Model calls so far: the number of the next one, and its id.
    var ordinal: UInt64 = 0
    var outcomes: [UInt64] = Array(repeating: 0, count: Outcome.allCases.count)
    var labels: [String: UInt64] = [:]
    /// Who hears of a running request's progress.
    var sinks: [UInt64: ModelSink] = [:]
    /// The timer that will tick the model, and when.
    var timer: Scheduled<Void>?
    var timerAt: Instant?

    init(options: SimulatorOptions, now: Instant) {
        self.model = EngineModel(rates: options.rates, now: now)
    }

    mutating func count(_ outcome: Outcome) {
        guard let index = Outcome.allCases.firstIndex(of: outcome) else { return }
        self.outcomes[index] += 1
    }

    mutating func count(label whole: String) {
        let label = String(whole.prefix(Self.labelCharactersMax))
        let isKnown = self.labels[label] != nil
        self.labels[isKnown || self.labels.count < Self.labelsMax ? label : "other", default: 0] += 1
    }
}
