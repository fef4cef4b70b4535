import Batching
import Quantities

/// Which line of a batch runs next, and in which lane: prefix order, lanes for engines with per-slot caches, retries.
///
/// A value type over Batching's ledger and lane plan; the execution drives it.
struct BatchPlan: Sendable {
    /// No particular slot.
    static let anyLane = -1

    private(set) var ledger: LineLedger
    /// Only for engines whose slots do not share their caches.
    private var lanes: LanePlan?
    private var freeLanes: [Int] = []

    /// - Parameter slots: number of slots with a cache of their own; nil: one shared cache.
    init(lineCount: Int, epoch: Int64, finished: [Int32], order: PrefixOrder?, slots: Int?, policy: RetryPolicy) {
        self.ledger = LineLedger(
            lineCount: lineCount, epoch: UInt64(bitPattern: epoch), finished: finished.map { Int($0) },
            order: order?.lines ?? [], policy: policy)
        if let order, let slots {
            self.lanes = LanePlan(order, slots: slots)
            self.freeLanes = Array((0..<slots).reversed())
        }
    }

    /// The next line to run, or nil when none is ready now.
    mutating func next(now: Instant) -> (lease: LineLease, lane: Int)? {
        guard self.lanes != nil else {
            return self.ledger.leaseNext(now: now).map { ($0, Self.anyLane) }
        }
        if let lease = self.ledger.leaseReturned(now: now) {
            return (lease, self.freeLanes.popLast() ?? Self.anyLane)
        }
        for place in self.freeLanes.indices.reversed() {
            let lane = self.freeLanes[place]
            while let line = self.lanes?.next(lane: lane) {
                guard case .lease(let lease) = self.ledger.lease(line, now: now) else { continue }
                self.freeLanes.remove(at: place)
                return (lease, lane)
            }
        }
        return nil
    }

    mutating func ended(lane: Int) { if lane != Self.anyLane { self.freeLanes.append(lane) } }

    mutating func finish(
        _ lease: LineLease, _ outcome: AttemptOutcome, now: Instant, random: UInt64
    ) -> LineLedger.Verdict {
        self.ledger.finish(lease, outcome, now: now, random: random)
    }

    mutating func committed(_ lease: LineLease) { _ = self.ledger.committed(lease) }
    mutating func commitFailed(_ lease: LineLease) { _ = self.ledger.commitFailed(lease) }
    mutating func stop() { self.ledger.stop() }
}
