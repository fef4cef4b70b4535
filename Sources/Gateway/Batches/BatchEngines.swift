import Quantities
import Routing
import Synchronization

/// Lets batch lines use an engine only while it has a free place, and wakes batches when one may have come free.
///
/// Interactive requests are never held back here; they count, so that bulk work fills only what they leave.
public final class BatchEngines: Sendable {
    private struct Waiter {
        let batch: BatchID
        let wake: @Sendable () -> Void
    }

    enum Choice: Sendable {
        case engine(EngineTarget, Engine)
        /// Every available engine is full; `whenFree` tells when to ask again.
        case full
        /// No engine can be used now: breakers are open or the credential is refused.
        case unavailable
    }

    private let directory: EngineDirectory
    private let clock: any GatewayClock
    /// Lines of all batches in flight at most.
    private let linesMax: Int
    private let linesInFlight = Mutex(0)
    private let waiters = Mutex<[Waiter]>([])

    public init(directory: EngineDirectory, clock: any GatewayClock, linesMax: Int = .max) {
        self.directory = directory
        self.clock = clock
        self.linesMax = linesMax
        directory.onFree { [weak self] in self?.placeFreed() }
    }

    func choose(_ targets: [EngineTarget]) -> Choice {
        let now = self.clock.now
        let table = self.directory.table
        var open: [EngineTarget] = []
        var isAnyAvailable = false
        for target in targets {
            guard let engine = table.engines[target.engine], self.directory.isAvailable(target.engine, now: now)
            else { continue }
            isAnyAvailable = true
            if self.directory.inFlight(target.engine) < Self.places(of: engine) { open.append(target) }
        }
        guard isAnyAvailable else { return .unavailable }
        guard self.linesInFlight.withLock({ $0 }) < self.linesMax, !open.isEmpty,
            let (target, engine) = self.directory.choose(from: open, excluding: [], now: now)
        else { return .full }
        self.linesInFlight.withLock { $0 += 1 }
        return .engine(target, engine)
    }

    static func places(of engine: Engine) -> Int { max(1, engine.concurrency ?? Engine.defaultConcurrency) }

    /// Requests of this model that can be in flight over all its engines.
    func places(_ targets: [EngineTarget]) -> Int {
        let table = self.directory.table
        return targets.reduce(0) { $0 + (table.engines[$1.engine].map { Self.places(of: $0) } ?? 0) }
    }

    func finished(_ engine: EngineID, failure: EngineFailure?) {
        self.linesInFlight.withLock { $0 -= 1 }
        self.directory.finished(engine, failure: failure, now: self.clock.now)
    }

    /// A chosen place was not used.
    func released(_ engine: EngineID) {
        self.linesInFlight.withLock { $0 -= 1 }
        self.directory.released(engine, now: self.clock.now)
    }

    /// Called once when a place may be free; one call for each batch that asked.
    func whenFree(_ batch: BatchID, targets: [EngineTarget], wake: @escaping @Sendable () -> Void) {
        self.waiters.withLock { waiters in
            if !waiters.contains(where: { $0.batch == batch }) { waiters.append(Waiter(batch: batch, wake: wake)) }
        }
        // The last place may have come free between the choice and now, with nobody waiting yet.
        let table = self.directory.table
        let isFree = targets.contains { target in
            table.engines[target.engine].map { self.directory.inFlight(target.engine) < Self.places(of: $0) } ?? false
        }
        if isFree, self.linesInFlight.withLock({ $0 }) < self.linesMax { self.placeFreed() }
    }

    /// Wakes every waiting batch in the order they asked; the first to choose gets the place.
    public func placeFreed() {
        let woken = self.waiters.withLock { waiters -> [Waiter] in
            defer { waiters.removeAll() }
            return waiters
        }
        for waiter in woken { waiter.wake() }
    }
}
