import Quantities
import Scheduling

/// What stands between clients and engines: Ebb's scheduler, or what people have without it.
enum Dispatcher: Sendable {
    case ebb(Scheduler)
    case direct(DirectDispatcher)
    case comparison(ComparisonDispatcher)

    mutating func handle(_ event: SchedulerEvent, now: Instant, into actions: inout [SchedulerAction]) {
        switch self {
        case .ebb(var scheduler):
            // Taken out, so that the value is changed in place and not copied.
            self = .direct(DirectDispatcher())
            scheduler.handle(event, now: now, into: &actions)
            self = .ebb(scheduler)
        case .direct(var direct):
            direct.handle(event, into: &actions)
            self = .direct(direct)
        case .comparison(var comparison):
            self = .direct(DirectDispatcher())
            comparison.handle(event, now: now, into: &actions)
            self = .comparison(comparison)
        }
    }
}

/// No gateway: interactive requests go to the engine as they come, and a batch client keeps a number of requests open.
struct DirectDispatcher: Sendable {
    /// Batch requests that are open at the same time.
    var openMax = 256
    private var engine: EngineID?
    private var offers: [BatchID: BatchOffer] = [:]
    private var open: Set<WorkKey> = []
    private var asked = 0

    init(openMax: Int = 256) { self.openMax = openMax }

    mutating func handle(_ event: SchedulerEvent, into actions: inout [SchedulerAction]) {
        switch event {
        case .engine(let profile): self.engine = self.engine ?? profile.id
        case .arrive(let request):
            if let engine { actions.append(.dispatch(request.key, engine)) }
        case .offer(let offer): self.offers[offer.batch] = offer
        case .withdraw(let batch): self.offers[batch] = nil
        case .lineStarted(let line):
            self.asked -= 1
            self.open.insert(line.key)
        case .nothingReady(let batch, _, _):
            self.asked -= 1
            self.offers[batch] = nil
        case .finished(let key, _), .failed(let key, _), .gone(let key): self.open.remove(key)
        default: break
        }
        guard let engine, let batch = self.offers.keys.min() else { return }
        while self.open.count + self.asked < self.openMax {
            self.asked += 1
            actions.append(.pull(batch, engine))
        }
    }
}
