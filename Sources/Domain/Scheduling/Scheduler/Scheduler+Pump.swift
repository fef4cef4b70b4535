import Quantities

/// Sends what can be sent: interactive work first, then background work by rank.
extension Scheduler {
    mutating func pump(into actions: inout [SchedulerAction]) {
        for lane in Lane.allCases where lane.isInteractive { self.pumpInteractive(lane, into: &actions) }
        self.pumpBackground(into: &actions)
    }

    private mutating func pumpInteractive(_ lane: Lane, into actions: inout [SchedulerAction]) {
        guard !self.lines[lane.rawValue].isEmpty else { return }
        var blocked: Set<PoolID> = []
        while let line = self.nextLine(lane, where: { !blocked.contains($0.pool) }),
            let key = self.lines[lane.rawValue][line]?.first(), let entry = self.waiting[key]
        {
            let request = entry.request
            if let engine = self.engineWithRoom(for: request) {
                self.dispatch(key, to: engine, into: &actions)
            } else if let victim = self.victim(for: request) {
                let engine = self.running[victim]?.engine ?? 0
                self.displacements.append(Displacement(victim: victim, by: key))
                self.preempt(victim, into: &actions)
                // One cancel may not free memory enough; the next round takes another victim.
                if self.engines[engine].hasInteractiveRoom(request.sizeTokens, now: self.now) {
                    self.dispatch(key, to: engine, into: &actions)
                }
            } else if let engine = self.engineWithRoom(for: request, isGuessEnough: true) {
                self.dispatch(key, to: engine, into: &actions)
            } else {
                blocked.insert(line.pool)
            }
        }
    }

    /// The line of the project with least service; the earlier request among equals.
    func nextLine(_ lane: Lane, where accepts: (LineKey) -> Bool) -> LineKey? {
        var best: (line: LineKey, service: Double)?
        for line in self.lines[lane.rawValue].keys where accepts(line) {
            let service = self.counters[lane.rawValue].service(of: line.project)
            // Dictionaries have no order of their own: equals are told apart by name, so that replays are the same.
            if let b = best, (b.service, b.line.project, b.line.pool) <= (service, line.project, line.pool) { continue }
            best = (line, service)
        }
        return best?.line
    }

    /// The engine with most room, or among nearly equal ones the one that has seen this prompt's beginning.
    ///
    /// - Parameter isGuessEnough: engines whose limit is a guess have room beyond it.
    private func engineWithRoom(for request: WorkRequest, isGuessEnough: Bool = false) -> Int? {
        var best: (engine: Int, load: Double)?
        for index in self.pools[request.pool]?.engines ?? [] {
            let engine = self.engines[index]
            let hasRoom =
                isGuessEnough
                ? engine.hasRoomBeyondGuess(request.sizeTokens, now: self.now)
                : engine.hasInteractiveRoom(request.sizeTokens, now: self.now)
            guard hasRoom else { continue }
            var load = self.loadSeen(engine, index, by: request.affinity)
            // One that failed this request is the last choice, not none: it may be the only one.
            if request.avoided.contains(engine.profile.id) { load += 1_000 }
            if best == nil || load < best?.load ?? 0 { best = (index, load) }
        }
        return best?.engine
    }

    /// Relative load, less a quarter at the engine that this prefix belongs to (rendezvous hashing: each prefix ranks
    /// the engines in its own order, and only an engine's loss moves its prefixes).
    private func loadSeen(_ engine: EngineLoad, _ index: Int, by affinity: UInt64?) -> Double {
        let load = Double(engine.inFlight) / Double(engine.limit)
        guard let affinity else { return load }
        var hash = affinity ^ (UInt64(index &+ 1) &* 0x9E37_79B9_7F4A_7C15)
        hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
        return load - 0.25 * Double((hash ^ (hash >> 31)) >> 11) / Double(1 << 53)
    }

    private mutating func dispatch(_ key: WorkKey, to engine: Int, into actions: inout [SchedulerAction]) {
        guard let entry = self.dequeue(key, isFirst: true) else { return }
        let request = entry.request
        self.windows[request.lane.rawValue].waited(self.now.since(entry.arrivedAt), now: self.now)
        self.start(
            Running(
                key: key, lane: request.lane, project: request.project, pool: request.pool, engine: engine,
                promptTokens: request.promptTokens, expectedOutput: request.outputTokens, request: request, batch: nil,
                arrivedAt: entry.arrivedAt, sentAt: self.now, charged: Double(request.promptTokens),
                preemptions: entry.preemptions))
        actions.append(.dispatch(key, self.engines[engine].profile.id))
    }

    /// Background work to cancel for a request: batch before flex, least computed first.
    private func victim(for request: WorkRequest) -> WorkKey? {
        var best: (key: WorkKey, lane: Lane, computed: Int)?
        for index in self.pools[request.pool]?.engines ?? [] {
            let engine = self.engines[index]
            guard engine.profile.isOwned, engine.isOpen(self.now) else { continue }
            for key in engine.backgroundKeys {
                guard let work = self.running[key], work.canBePreempted else { continue }
                if let b = best {
                    if b.lane > work.lane { continue }
                    if b.lane == work.lane, (b.computed, b.key) <= (work.computedTokens, key) { continue }
                }
                best = (key, work.lane, work.computedTokens)
            }
        }
        return best?.key
    }

    private mutating func pumpBackground(into actions: inout [SchedulerAction]) {
        guard !self.batches.isEmpty || !self.lines[Lane.flex.rawValue].isEmpty else { return }
        for index in self.engines.indices {
            var left = 256
            while left > 0, self.sendBackground(to: index, into: &actions) { left -= 1 }
        }
    }

    /// Sends one piece of background work to an engine; false when there is no room or nothing for it.
    private mutating func sendBackground(to index: Int, into actions: inout [SchedulerAction]) -> Bool {
        guard self.engines[index].hasBackgroundRoom(.critical, now: self.now), !self.interactiveWaits(for: index)
        else { return false }
        for rank in [Rank.critical, .flex, .batch] {
            guard self.engines[index].hasBackgroundRoom(rank, now: self.now) else { continue }
            let batch = self.nextBatch(rank, for: index)
            let line = rank == .flex ? self.nextFlex(for: index) : nil
            if let line, batch == nil || self.isFlexNext(line, batch) {
                guard let key = self.lines[Lane.flex.rawValue][line]?.first() else { continue }
                self.dispatch(key, to: index, into: &actions)
                return true
            }
            if let batch {
                self.pull(batch, index, into: &actions)
                return true
            }
        }
        return false
    }

    private func isFlexNext(_ line: LineKey, _ batch: BatchID?) -> Bool {
        guard let batch, let project = self.batches[batch]?.offer.project else { return true }
        let flex = self.counters[Lane.flex.rawValue].service(of: line.project)
        return flex <= self.counters[Lane.batch.rawValue].service(of: project)
    }

    /// True while an interactive request waits that this engine could serve.
    func interactiveWaits(for index: Int) -> Bool {
        self.pools.values.contains { $0.interactiveWaiting > 0 && $0.engines.contains(index) }
    }

    private func nextFlex(for index: Int) -> LineKey? {
        self.nextLine(.flex) { line in
            guard self.pools[line.pool]?.engines.contains(index) == true,
                let key = self.lines[Lane.flex.rawValue][line]?.peek, let size = self.waiting[key]?.request.sizeTokens
            else { return false }
            return self.engines[index].holds(size)
        }
    }

    /// The next batch of a rank: fair between projects, earliest deadline within one; critical ones by deadline alone.
    private func nextBatch(_ rank: Rank, for index: Int) -> BatchID? {
        let engine = self.engines[index]
        guard engine.opensForLines(self.now) else { return nil }
        if rank == .batch, let held = engine.heldUntil, held > self.now { return nil }
        var best: (id: BatchID, service: Double, deadline: Instant)?
        for (id, batch) in self.batches where batch.rank == rank && batch.isReady(self.now) {
            let offer = batch.offer
            guard self.pools[offer.pool]?.engines.contains(index) == true,
                engine.holds(offer.promptTokens + offer.outputTokens)
            else { continue }
            var service = rank == .critical ? 0 : self.counters[Lane.batch.rawValue].service(of: offer.project)
            // The cache knows this batch's beginning: another project is next only when it lags by some requests.
            if id == engine.lastBatch { service -= Self.stickiness * self.meanUnits }
            if let b = best, (b.service, b.deadline, b.id) <= (service, offer.deadline, id) { continue }
            best = (id, service, offer.deadline)
        }
        return best?.id
    }

    /// A batch keeps an engine until another project lags by this many requests of mean size.
    static let stickiness = 4.0

    private mutating func pull(_ batch: BatchID, _ index: Int, into actions: inout [SchedulerAction]) {
        self.engines[index].pulls += 1
        self.engines[index].lastBatch = batch
        self.batches[batch]?.taken += 1
        actions.append(.pull(batch, self.engines[index].profile.id))
    }
}
