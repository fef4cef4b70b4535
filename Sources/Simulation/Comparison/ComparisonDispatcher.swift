import Quantities
import Scheduling

/// What other gateways do: interactive requests go through at once, batches run with a limit of their own, in an order
/// of their own.
struct ComparisonDispatcher: Sendable {
    enum Order: Sendable {
        /// One batch after the other, as they came.
        case arrival
        /// The earliest deadline first.
        case deadline
        /// Fewest lines in flight of its project, blended with how near the deadline is (fusillade's rule, weight 0.3).
        case blend
    }

    private struct Offered {
        var offer: BatchOffer
        let place: Int
        let offeredAt: Instant
        var inFlight = 0
        var taken = 0
    }

    var limit: LatencyLimit
    let order: Order
    private var engine: EngineID?
    private var batches: [BatchID: Offered] = [:]
    private var running: [WorkKey: (batch: BatchID, sentAt: Instant)] = [:]
    private var asked = 0

    init(limit: LatencyLimit, order: Order = .arrival) {
        self.limit = limit
        self.order = order
    }

    mutating func handle(_ event: SchedulerEvent, now: Instant, into actions: inout [SchedulerAction]) {
        switch event {
        case .engine(let profile): self.engine = self.engine ?? profile.id
        case .arrive(let request):
            if let engine { actions.append(.dispatch(request.key, engine)) }
        case .offer(let offer):
            var batch = self.batches[offer.batch] ?? Offered(offer: offer, place: self.batches.count, offeredAt: now)
            batch.offer = offer
            batch.taken = 0
            self.batches[offer.batch] = batch
        case .withdraw(let id): self.batches[id] = nil
        case .lineStarted(let line):
            self.asked -= 1
            self.running[line.key] = (line.batch, now)
            self.batches[line.batch]?.inFlight += 1
        case .nothingReady(let id, _, _):
            self.asked -= 1
            self.batches[id]?.taken = .max / 2
        case .finished(let key, _): self.end(key, now: now, isDone: true)
        case .failed(let key, _), .gone(let key): self.end(key, now: now, isDone: false)
        default: break
        }
        guard let engine else { return }
        while self.running.count + self.asked < self.limit.limit, let batch = self.next(now) {
            self.asked += 1
            self.batches[batch]?.taken += 1
            actions.append(.pull(batch, engine))
        }
    }

    private mutating func end(_ key: WorkKey, now: Instant, isDone: Bool) {
        let inFlight = self.running.count
        guard let work = self.running.removeValue(forKey: key) else { return }
        self.batches[work.batch]?.inFlight -= 1
        if isDone { self.limit.finished(after: now.since(work.sentAt).secondsApproximate, inFlight: inFlight) }
    }

    private func next(_ now: Instant) -> BatchID? {
        let ready = self.batches.filter { $0.value.offer.linesLeft > $0.value.taken }
        return ready.min { a, b in
            (self.score(a.value, now), a.value.place) < (self.score(b.value, now), b.value.place)
        }?.key
    }

    private func score(_ batch: Offered, _ now: Instant) -> Double {
        switch self.order {
        case .arrival: return 0
        case .deadline: return Double(batch.offer.deadline.nanoseconds)
        case .blend:
            let share = Double(batch.inFlight) / Double(max(1, self.limit.limit))
            let window = batch.offer.deadline.since(batch.offeredAt).secondsApproximate
            let left = max(0, batch.offer.deadline.since(now).secondsApproximate) / max(1, window)
            return 0.7 * share + 0.3 * left
        }
    }
}
