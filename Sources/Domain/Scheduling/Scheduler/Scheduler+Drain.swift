import Quantities

/// Background work that is too large for what is free: others that fit would pass it for ever.
extension Scheduler {
    /// So long others pass work that does not fit.
    static let passedMax: Duration = .seconds(30)

    /// The next of a rank waits for memory at this engine, and has done so for long: nothing else is sent there until
    /// it fits. Of the engines of a pool only the largest one is emptied.
    func drains(_ index: Int, for rank: Rank) -> Bool {
        guard self.engines[index].profile.memoryTokens != nil else { return false }
        if rank == .flex, let line = self.nextLine(.flex, where: { self.isDrained(index, for: $0.pool) }),
            let entry = self.lines[Lane.flex.rawValue][line]?.peek.flatMap({ self.waiting[$0] }),
            self.now.since(entry.arrivedAt) >= Self.passedMax, !self.engines[index].holds(entry.request.sizeTokens),
            self.wouldHold(entry.request.sizeTokens, index)
        {
            return true
        }
        guard let batch = self.nextBatches(for: index, fits: false)[rank].flatMap({ self.batches[$0] }),
            let pool = batch.pool
        else { return false }
        return self.now.since(batch.askedAt) >= Self.passedMax && self.isDrained(index, for: pool)
            && !self.isEligible(batch, index)
            && self.wouldHold(batch.offer.promptTokens + batch.offer.outputTokens, index)
    }

    /// There is room for it beside the interactive requests alone.
    private func wouldHold(_ tokens: Int, _ index: Int) -> Bool {
        var rest = self.engines[index]
        for key in rest.backgroundKeys { rest.tokens -= self.running[key]?.sizeTokens ?? 0 }
        (rest.flex, rest.lines, rest.pulls) = (0, 0, 0)
        return rest.holds(tokens)
    }

    /// The available engine with most memory; the first among equals.
    private func isDrained(_ index: Int, for pool: Int) -> Bool {
        var largest: (index: Int, memory: Int)?
        for engine in self.pools[pool].engines where self.engines[engine].isAvailable {
            let memory = self.engines[engine].profile.memoryTokens ?? .max
            if let largest, largest.memory >= memory { continue }
            largest = (engine, memory)
        }
        return largest?.index == index
    }
}
