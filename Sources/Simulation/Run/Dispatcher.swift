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

/// No gateway: interactive requests go to an engine as they come, each to the one with least open requests, and a batch
/// client keeps a number of requests open at each.
struct DirectDispatcher: Sendable {
    /// Batch requests that are open at each engine at the same time.
    private static let openMax = 256
    private var engines: [EngineID] = []
    /// Open requests of each engine.
    private var open: [Int] = []
    /// Of these, the batch client's; what it was asked for included.
    private var background: [Int] = []
    private var places: [WorkKey: (engine: Int, isLine: Bool)] = [:]
    private var offers: [BatchID: BatchOffer] = [:]

    mutating func handle(_ event: SchedulerEvent, into actions: inout [SchedulerAction]) {
        switch event {
        case .engine(let profile):
            self.engines.append(profile.id)
            self.open.append(0)
            self.background.append(0)
        case .arrive(let request):
            guard let engine = self.open.indices.min(by: { self.open[$0] < self.open[$1] }) else { return }
            self.open[engine] += 1
            self.places[request.key] = (engine, false)
            actions.append(.dispatch(request.key, self.engines[engine]))
        case .offer(let offer): self.offers[offer.batch] = offer
        case .withdraw(let batch): self.offers[batch] = nil
        case .lineStarted(let line):
            if let engine = self.engines.firstIndex(of: line.engine) { self.places[line.key] = (engine, true) }
        case .nothingReady(let batch, let id, _):
            if let engine = self.engines.firstIndex(of: id) { self.leave(engine, isLine: true) }
            self.offers[batch] = nil
        case .finished(let key, _), .failed(let key, _), .gone(let key):
            if let place = self.places.removeValue(forKey: key) { self.leave(place.engine, isLine: place.isLine) }
        default: break
        }
        guard let batch = self.offers.keys.min() else { return }
        for engine in self.engines.indices {
            while self.background[engine] < Self.openMax {
                self.background[engine] += 1
                self.open[engine] += 1
                actions.append(.pull(batch, self.engines[engine]))
            }
        }
    }

    private mutating func leave(_ engine: Int, isLine: Bool) {
        self.open[engine] -= 1
        if isLine { self.background[engine] -= 1 }
    }
}
