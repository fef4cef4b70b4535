import Quantities

/// What must hold at every moment; checked at each dispatch and tick, in production and in simulation.
///
/// A broken rule of counting stops the process, as everything after it would be wrong. A broken rule of policy is
/// counted and kept for the log: traffic goes on.
public struct Invariants: Sendable {
    /// Broken rules, the first few in words.
    public private(set) var broken: [String] = []
    public private(set) var brokenCount = 0
    static let keptMax = 16

    mutating func require(_ holds: Bool, _ rule: @autoclosure () -> String) {
        guard !holds else { return }
        self.brokenCount += 1
        if self.broken.count < Self.keptMax { self.broken.append(rule()) }
    }

    /// I1: in flight at most the limit. I9: preempted at most three times.
    mutating func sent(_ work: Running, load: EngineLoad) {
        self.require(
            load.inFlight <= load.profile.limitMax,
            "I1 \(load.profile.id): \(load.inFlight) in flight, at most \(load.profile.limitMax)")
        self.require(
            work.preemptions <= Scheduler.preemptionsMax, "I9 \(work.key) was preempted \(work.preemptions) times")
    }
}

extension Scheduler {
    /// Rules that were broken so far, in words, and how many times.
    public var violations: (count: Int, first: [String]) { (self.invariants.brokenCount, self.invariants.broken) }

    /// Counts the state again from its parts.
    mutating func verify() {
        var counted = [(interactive: Int, flex: Int, lines: Int, tokens: Int)](
            repeating: (0, 0, 0, 0), count: self.engines.count)
        for work in self.running.values {
            counted[work.engine].tokens += work.sizeTokens
            switch work.lane {
            case .priority, .standard: counted[work.engine].interactive += 1
            case .flex: counted[work.engine].flex += 1
            case .batch: counted[work.engine].lines += 1
            }
        }
        for (index, engine) in self.engines.enumerated() {
            let count = counted[index]
            precondition(
                count == (engine.interactive, engine.flex, engine.lines, engine.tokens),
                "what runs at \(engine.profile.id) and what is counted there differ")
        }
        let waiting = self.pools.values.reduce(0) { $0 + $1.waiting.reduce(0, +) }
        precondition(waiting == self.waiting.count, "what waits and what is counted differ")
    }
}
