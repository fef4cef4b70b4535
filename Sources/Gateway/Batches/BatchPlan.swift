import Batching
import Quantities

/// Which line of a batch runs next, and in which lane: prefix order, lanes for engines with per-slot caches, retries.
///
/// A value type over Batching's ledger and lane plan; the execution drives it.
struct BatchPlan: Sendable {
    /// No particular slot.
    static let anyLane = -1

    private(set) var ledger: LineLedger
    /// A line that may be sent.
    struct Dispatch: Sendable {
        let lease: LineLease
        /// Given back with `ended(lane:)`.
        let lane: Int
        /// The engine's slot that has, or will have, the line's beginning in its cache; nil leaves the choice to the
        /// engine.
        let slot: Int?
    }

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
    mutating func next(now: Instant) -> Dispatch? {
        guard self.lanes != nil else {
            return self.ledger.leaseNext(now: now).map { Dispatch(lease: $0, lane: Self.anyLane, slot: nil) }
        }
        if let lease = self.ledger.leaseReturned(now: now) {
            // Its group may be on any slot by now, and the engine knows which.
            return Dispatch(lease: lease, lane: self.freeLanes.popLast() ?? Self.anyLane, slot: nil)
        }
        for place in self.freeLanes.indices.reversed() {
            let lane = self.freeLanes[place]
            while let turn = self.lanes?.next(lane: lane) {
                guard case .lease(let lease) = self.ledger.lease(turn.line, now: now) else { continue }
                self.freeLanes.remove(at: place)
                return Dispatch(lease: lease, lane: lane, slot: turn.isGrouped ? lane : nil)
            }
        }
        return nil
    }

    /// A line that was leased before and whose lane was given back. Its group may be on any slot by now.
    mutating func again(_ lease: LineLease) -> Dispatch {
        Dispatch(lease: lease, lane: self.freeLanes.popLast() ?? Self.anyLane, slot: nil)
    }

    mutating func ended(lane: Int) { if lane != Self.anyLane { self.freeLanes.append(lane) } }

    mutating func finish(
        _ lease: LineLease, _ outcome: AttemptOutcome, now: Instant, random: UInt64
    ) -> LineLedger.Verdict {
        self.ledger.finish(lease, outcome, now: now, random: random)
    }

    mutating func committed(_ lease: LineLease) { _ = self.ledger.committed(lease) }
    mutating func commitFailed(_ lease: LineLease) { _ = self.ledger.commitFailed(lease) }
    mutating func hurryRefused(now: Instant) { self.ledger.hurryRefused(now: now) }
    mutating func stop() { self.ledger.stop() }
}
