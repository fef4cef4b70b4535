import Quantities
import Scheduling
import Synchronization

/// What people and other parts of the gateway are told of the work.
extension WorkScheduler {
    /// One batch of the snapshot; nil when it is not known here.
    func standing(of batch: BatchID) -> BatchStanding? { self.state.withLock { $0.scheduler.standing(of: batch) } }

    var engineStandings: [EngineStanding] { self.told(self.state.withLock { $0.scheduler.engineStandings }) }

    /// An engine whose breaker waits for a probe may be asked, but nobody knows that it is back.
    private func told(_ engines: [EngineStanding]) -> [EngineStanding] {
        engines.map {
            var engine = $0
            engine.isAvailable = engine.isAvailable && self.directory.isReached(engine.engine)
            return engine
        }
    }

    public var snapshot: SchedulerSnapshot {
        let now = self.clock.now
        var snapshot = self.state.withLock { SchedulerSnapshot($0.scheduler, now: now) }
        snapshot.engines = self.told(snapshot.engines)
        return snapshot
    }

    /// The way so far of a request that waits or runs. Looks at all of them: for people's questions only.
    func trace(of request: RequestID) -> RequestTrace? {
        let work = self.state.withLock { Array($0.work.values) }
        return work.first { $0.identity.request == request }?.trace
    }
}
