import Batching
import Quantities

/// Which line of a batch runs next at which engine: prefix order, lines that begin alike at one cache, retries.
///
/// A value type over Batching's ledger and lane plan; the execution drives it (decision 0021).
struct BatchPlan: Sendable {
    /// No particular slot.
    static let anyLane = -1

    /// A line that may be sent.
    struct Dispatch: Sendable {
        let lease: LineLease
        /// The engine that it was taken for.
        let engine: EngineID
        /// Given back with `ended(lane:at:)`.
        let lane: Int
        /// The engine's slot that has, or will have, the line's beginning in its cache; nil leaves the choice to the
        /// engine.
        let slot: Int?
    }

    /// An engine that can be sent lines.
    struct Place: Equatable, Sendable {
        let engine: EngineID
        /// How many it has where each has a cache of its own; nil: one cache for all.
        let slots: Int?
    }

    /// The lanes of one engine: one for each slot that has a cache of its own, or one for all of it.
    private struct Seat {
        var lanes: [Int] = []
        var hasSlots = false
        /// Lanes of slots that run nothing, the next one last.
        var free: [Int] = []
    }

    private(set) var ledger: LineLedger
    private let order: PrefixOrder?
    private(set) var places: [Place] = []
    /// nil while one cache gets all lines: it runs the order as it is.
    private var lanes: LanePlan?
    private var seats: [EngineID: Seat] = [:]
    /// Where lines that were taken back had been sent: their beginnings are in that engine's cache.
    private var homes: [Int: EngineID] = [:]

    /// - Parameter order: nil: the file's own order, whatever lines share.
    init(lineCount: Int, epoch: Int64, finished: [Int32], order: PrefixOrder?, policy: RetryPolicy) {
        self.order = order
        self.ledger = LineLedger(
            lineCount: lineCount, epoch: UInt64(bitPattern: epoch), finished: finished.map { Int($0) },
            order: order?.lines ?? [], policy: policy)
    }

    /// Lines go to these engines from now on. One that is gone gives back what it had before it, and so does a slot.
    mutating func serve(_ places: [Place]) {
        for gone in self.places where !places.contains(where: { $0.engine == gone.engine }) {
            for lane in self.seats[gone.engine]?.lanes ?? [] { self.lanes?.giveBack(lane: lane) }
        }
        self.places = places
        guard let order else { return }
        if self.lanes == nil {
            guard places.count > 1 || places.contains(where: { $0.slots != nil }) else { return }
            self.lanes = LanePlan(order, slots: 0)
        }
        for place in places { self.seat(place) }
    }

    /// How many slots an engine has, or that it has any, may be found out while the batch runs.
    private mutating func seat(_ place: Place) {
        var seat = self.seats[place.engine] ?? Seat()
        if seat.hasSlots != (place.slots != nil) {
            seat.hasSlots.toggle()
            seat.free = seat.hasSlots ? seat.lanes : []
        }
        let count = max(1, place.slots ?? 1)
        while seat.lanes.count < count, let lane = self.lanes?.addLane() {
            seat.lanes.append(lane)
            if seat.hasSlots { seat.free.insert(lane, at: 0) }
        }
        while seat.lanes.count > count, let lane = seat.lanes.popLast() {
            self.lanes?.giveBack(lane: lane)
            seat.free.removeAll { $0 == lane }
        }
        self.seats[place.engine] = seat
    }

    /// The next line for an engine, or nil when none is ready now.
    mutating func next(at engine: EngineID, now: Instant) -> Dispatch? {
        guard self.seats[engine] != nil else {
            return self.ledger.leaseNext(now: now).map {
                Dispatch(lease: $0, engine: engine, lane: Self.anyLane, slot: nil)
            }
        }
        let (homes, places) = (self.homes, self.places)
        let own = self.ledger.leaseReturned(now: now) { line in
            homes[line].map { home in home == engine || !places.contains { $0.engine == home } } ?? true
        }
        if let own { return self.again(own, at: engine) }
        if let fresh = self.fresh(at: engine, now: now) { return fresh }
        // What is left belongs to another cache, but this engine has room.
        return self.ledger.leaseReturned(now: now).map { self.again($0, at: engine) }
    }

    private mutating func fresh(at engine: EngineID, now: Instant) -> Dispatch? {
        guard let seat = self.seats[engine] else { return nil }
        guard seat.hasSlots else {
            return self.fresh(in: seat.lanes[0], now: now).map {
                Dispatch(lease: $0.lease, engine: engine, lane: Self.anyLane, slot: nil)
            }
        }
        for place in seat.free.indices.reversed() {
            let lane = seat.free[place]
            guard let (lease, isGrouped) = self.fresh(in: lane, now: now) else { continue }
            self.seats[engine]?.free.remove(at: place)
            let slot = isGrouped ? seat.lanes.firstIndex(of: lane) : nil
            return Dispatch(lease: lease, engine: engine, lane: lane, slot: slot)
        }
        return nil
    }

    private mutating func fresh(in lane: Int, now: Instant) -> (lease: LineLease, isGrouped: Bool)? {
        while let turn = self.lanes?.next(lane: lane) {
            if case .lease(let lease) = self.ledger.lease(turn.line, now: now) { return (lease, turn.isGrouped) }
        }
        return nil
    }

    /// A line that was leased before. Its group may be on any slot by now, and the engine knows which.
    mutating func again(_ lease: LineLease, at engine: EngineID) -> Dispatch {
        self.homes[lease.line] = nil
        return Dispatch(
            lease: lease, engine: engine, lane: self.seats[engine]?.free.popLast() ?? Self.anyLane, slot: nil)
    }

    /// The same line at the engine that has a place now.
    mutating func move(_ dispatch: Dispatch, to engine: EngineID) -> Dispatch {
        guard dispatch.engine != engine else { return dispatch }
        self.ended(lane: dispatch.lane, at: dispatch.engine)
        return self.again(dispatch.lease, at: engine)
    }

    mutating func ended(lane: Int, at engine: EngineID) {
        guard let seat = self.seats[engine], seat.hasSlots, seat.lanes.contains(lane), !seat.free.contains(lane) else {
            return
        }
        self.seats[engine]?.free.append(lane)
    }

    mutating func finish(
        _ lease: LineLease, _ outcome: AttemptOutcome, at engine: EngineID, now: Instant, random: UInt64
    ) -> LineLedger.Verdict {
        let verdict = self.ledger.finish(lease, outcome, now: now, random: random)
        if verdict == .requeued, self.lanes != nil { self.homes[lease.line] = engine }
        return verdict
    }

    mutating func committed(_ lease: LineLease) { _ = self.ledger.committed(lease) }
    mutating func commitFailed(_ lease: LineLease) { _ = self.ledger.commitFailed(lease) }
    mutating func hurryRefused(now: Instant) { self.ledger.hurryRefused(now: now) }
    mutating func stop() { self.ledger.stop() }
}
