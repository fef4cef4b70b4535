import Quantities

/// Hours of the week in which engines take background work; a model's own replace those of its engine.
extension Scheduler {
    mutating func hold(_ pool: PoolID, at engine: EngineID, until: Instant?) {
        guard let place = self.poolIndex[pool], let index = self.engineIndex[engine] else { return }
        self.pools[place].heldUntil.updateValue(until, forKey: index)
    }

    /// When this engine opens for background work of this model; nil: it is open.
    func closedUntil(_ index: Int, for pool: Int) -> Instant? {
        let until = self.pools[pool].heldUntil[index] ?? self.engines[index].heldUntil
        return until.flatMap { $0 > self.now ? $0 : nil }
    }

    /// When the first engine of this model opens; nil: one is open. Those that are away count while all are.
    func opening(_ pool: Int) -> Instant? {
        let isThere = self.pools[pool].engines.contains { self.engines[$0].isAvailable }
        var first: Instant?
        for index in self.pools[pool].engines where self.engines[index].isAvailable || !isThere {
            guard let until = self.closedUntil(index, for: pool) else { return nil }
            first = min(first ?? until, until)
        }
        return first
    }

    /// The batch waits for the engine's hours; a promoted one does not.
    func isHeld(_ batch: OfferedBatch, at index: Int) -> Bool {
        guard batch.rank == .batch, let pool = batch.pool else { return false }
        return self.closedUntil(index, for: pool) != nil
    }
}
