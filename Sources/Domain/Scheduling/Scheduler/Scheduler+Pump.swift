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
            } else if let (engine, victims) = self.victims(for: request) {
                for victim in victims {
                    self.displacements.append(Displacement(victim: victim, by: key))
                    self.preempt(victim, for: lane, into: &actions)
                }
                self.dispatch(key, to: engine, into: &actions)
            } else if let engine = self.engineWithRoom(for: request, isGuessEnough: true) {
                self.dispatch(key, to: engine, into: &actions)
            } else {
                blocked.insert(line.pool)
            }
        }
    }

    /// The line of the project with least service; the earlier request among equals.
    func nextLine(_ lane: Lane, where accepts: (LineKey) -> Bool) -> LineKey? {
        guard self.lines[lane.rawValue].count > 1 else { return self.lines[lane.rawValue].keys.first(where: accepts) }
        var best: (line: LineKey, service: Double, arrivedAt: Instant)?
        for (line, waiting) in self.lines[lane.rawValue] where accepts(line) {
            let service = self.counters[lane.rawValue].service(of: line.project)
            let arrivedAt = waiting.peek.flatMap { self.waiting[$0]?.arrivedAt } ?? self.now
            // Dictionaries have no order of their own: equals are told apart by name, so that replays are the same.
            if let b = best,
                (b.service, b.arrivedAt, b.line.project, b.line.pool)
                    <= (service, arrivedAt, line.project, line.pool)
            {
                continue
            }
            best = (line, service, arrivedAt)
        }
        return best?.line
    }

    /// The engine with most room, or the one that this prompt's beginning belongs to unless it is a quarter fuller.
    ///
    /// - Parameter isGuessEnough: engines whose limit is a guess have room beyond it.
    private func engineWithRoom(for request: WorkRequest, isGuessEnough: Bool = false) -> Int? {
        let engines = self.pools[request.pool]?.engines ?? []
        let home = request.affinity.flatMap { self.home(of: $0, among: engines) }
        var best: (engine: Int, load: Double)?
        for index in engines {
            let hasRoom =
                isGuessEnough
                ? self.engines[index].hasRoomBeyondGuess(request.sizeTokens, now: self.now)
                : self.engines[index].hasInteractiveRoom(request.sizeTokens, now: self.now)
            guard hasRoom else { continue }
            var load = self.engines[index].load - (index == home ? 0.25 : 0)
            // One that failed this request is the last choice, not none: it may be the only one.
            if request.avoided.contains(self.engines[index].profile.id) { load += 1_000 }
            if let best, best.load <= load { continue }
            best = (index, load)
        }
        return best?.engine
    }

    /// Rendezvous hashing: each prefix ranks the engines in its own order, and only an engine's loss moves its
    /// prefixes.
    private func home(of affinity: UInt64, among engines: [Int]) -> Int? {
        engines.filter { self.engines[$0].isAvailable }.max { a, b in
            (Self.mix(affinity, a), a) < (Self.mix(affinity, b), b)
        }
    }

    private static func mix(_ affinity: UInt64, _ index: Int) -> UInt64 {
        var hash = affinity ^ (UInt64(index &+ 1) &* 0x9E37_79B9_7F4A_7C15)
        hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
        return hash ^ (hash >> 31)
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

    /// Background work to cancel for a request, batch before flex, least computed first: at the one engine where
    /// that loses least, and only if it makes room.
    private func victims(for request: WorkRequest) -> (engine: Int, keys: [WorkKey])? {
        var best: (engine: Int, keys: [WorkKey], lost: Int)?
        for index in self.pools[request.pool]?.engines ?? [] {
            guard let (keys, lost) = self.victims(for: request, at: self.engines[index]) else { continue }
            if let best, best.lost <= lost { continue }
            best = (index, keys, lost)
        }
        return best.map { ($0.engine, $0.keys) }
    }

    private func victims(for request: WorkRequest, at engine: EngineLoad) -> (keys: [WorkKey], lost: Int)? {
        guard engine.profile.isOwned, engine.isOpen(self.now), !engine.backgroundKeys.isEmpty else { return nil }
        let candidates = engine.backgroundKeys.compactMap { self.running[$0] }.filter(\.canBePreempted).sorted {
            // Later is less: an engine that tells nothing of its progress has done least for the youngest.
            ($1.lane, $0.computedTokens, $1.sentAt, $1.key) < ($0.lane, $1.computedTokens, $0.sentAt, $0.key)
        }
        var rest = engine
        var keys: [WorkKey] = []
        var lost = 0
        for victim in candidates {
            if victim.lane == .flex { rest.flex -= 1 } else { rest.lines -= 1 }
            rest.tokens -= victim.sizeTokens
            keys.append(victim.key)
            lost += victim.computedTokens
            if rest.hasInteractiveRoom(request.sizeTokens, now: self.now) { return (keys, lost) }
        }
        return nil
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
            // Flex requests and promoted batches take turns.
            if let line, batch == nil || !self.engines[index].lastWasFlex,
                let key = self.lines[Lane.flex.rawValue][line]?.first()
            {
                self.engines[index].lastWasFlex = true
                self.dispatch(key, to: index, into: &actions)
                return true
            }
            if let batch {
                if rank == .flex { self.engines[index].lastWasFlex = false }
                self.pull(batch, index, into: &actions)
                return true
            }
        }
        return false
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
    func nextBatch(_ rank: Rank, for index: Int) -> BatchID? {
        let engine = self.engines[index]
        guard engine.opensForLines(rank, self.now) else { return nil }
        if rank == .batch, let held = engine.heldUntil, held > self.now { return nil }
        var best: (id: BatchID, service: Double, deadline: Instant)?
        for (id, batch) in self.batches where batch.rank == rank && batch.isReady(self.now) {
            let offer = batch.offer
            guard self.isEligible(batch, for: engine, index) else { continue }
            var service = rank == .critical ? 0 : self.counters[Lane.batch.rawValue].service(of: offer.project)
            // The cache knows this project's prompts: another one is next only when it lags by some requests.
            if rank != .critical, offer.project == engine.lastProject { service -= Self.stickiness * self.meanUnits }
            if let b = best, (b.service, b.deadline, b.id) <= (service, offer.deadline, id) { continue }
            best = (id, service, offer.deadline)
        }
        return best?.id
    }

    func isEligible(_ batch: OfferedBatch, for engine: EngineLoad, _ index: Int) -> Bool {
        self.pools[batch.offer.pool]?.engines.contains(index) == true
            && engine.holds(batch.offer.promptTokens + batch.offer.outputTokens)
    }

    /// A project's batches keep an engine until another project lags by this many requests of mean size.
    static let stickiness = 3.0

    private mutating func pull(_ batch: BatchID, _ index: Int, into actions: inout [SchedulerAction]) {
        self.checkPull(batch, index)
        self.engines[index].pulls += 1
        self.engines[index].pulledAt = self.now
        self.engines[index].lastProject = self.batches[batch]?.offer.project
        self.batches[batch]?.taken += 1
        actions.append(.pull(batch, self.engines[index].profile.id))
    }
}
