import Quantities

/// Sends what can be sent: interactive work first, then background work by rank.
extension Scheduler {
    mutating func pump(into actions: inout [SchedulerAction]) {
        if self.hasInteractiveWaiting {
            for lane in Lane.allCases where lane.isInteractive { self.pumpInteractive(lane, into: &actions) }
        }
        self.pumpBackground(into: &actions)
    }

    /// A line that is empty is removed, so that there are none where nobody waits.
    var hasInteractiveWaiting: Bool {
        !self.lines[Lane.standard.rawValue].isEmpty || !self.lines[Lane.priority.rawValue].isEmpty
    }

    /// Has no room for the requests of this line, nor for those of others that may go to the same engines.
    private struct BlockedPool: Hashable {
        let pool: Int
        let avoided: [EngineID]

        init(_ line: LineKey) {
            self.pool = line.pool
            self.avoided = line.avoided
        }
    }

    private mutating func pumpInteractive(_ lane: Lane, into actions: inout [SchedulerAction]) {
        guard !self.lines[lane.rawValue].isEmpty else { return }
        var blocked: Set<BlockedPool> = []
        while let line = self.nextLine(lane, where: { !blocked.contains(BlockedPool($0)) }),
            let key = self.lines[lane.rawValue][line]?.first(), let entry = self.waiting[key]
        {
            if let engine = self.makeRoom(for: entry.request, into: &actions) {
                self.dispatch(key, to: engine, into: &actions)
            } else {
                blocked.insert(BlockedPool(line))
            }
        }
    }

    /// Sends a request that is in no line; false when there is no room for it.
    mutating func sendAtOnce(_ entry: Waiting, into actions: inout [SchedulerAction]) -> Bool {
        guard let engine = self.makeRoom(for: entry.request, into: &actions) else { return false }
        self.send(entry, to: engine, into: &actions)
        return true
    }

    /// Where an interactive request can go now. Background work in its way is cancelled; nil: there is no room.
    private mutating func makeRoom(for request: Request, into actions: inout [SchedulerAction]) -> Int? {
        if let engine = self.engineWithRoom(for: request) { return engine }
        if let (engine, victims) = self.victims(for: request) {
            for victim in victims {
                self.displacements.append(Displacement(victim: victim, by: request.key))
                self.preempt(victim, for: request.lane, into: &actions)
            }
            return engine
        }
        return self.engineWithRoom(for: request, isGuessEnough: true)
    }

    /// The line of the project with least service; the earlier request among equals.
    func nextLine(_ lane: Lane, where accepts: (LineKey) -> Bool) -> LineKey? {
        guard self.lines[lane.rawValue].count > 1 else { return self.lines[lane.rawValue].keys.first(where: accepts) }
        var best: (line: LineKey, service: Double, arrivedAt: Instant)?
        for (line, waiting) in self.lines[lane.rawValue] where accepts(line) {
            let service = self.counters[lane.rawValue].service(of: line.account)
            let arrivedAt = waiting.peek.flatMap { self.waiting[$0]?.arrivedAt } ?? self.now
            if let b = best {
                if (b.service, b.arrivedAt) < (service, arrivedAt) { continue }
                // Dictionaries have no order of their own: equals are told apart by name, so that replays are the same.
                let isEqual = (b.service, b.arrivedAt) == (service, arrivedAt)
                if isEqual, self.names(b.line, lane) <= self.names(line, lane) { continue }
            }
            best = (line, service, arrivedAt)
        }
        return best?.line
    }

    private func names(_ line: LineKey, _ lane: Lane) -> (ProjectID, PoolID, WorkKey) {
        // A project has several lines where engines have failed requests of it.
        let first = self.lines[lane.rawValue][line]?.peek ?? WorkKey(0)
        return (self.counters[lane.rawValue].project(of: line.account), self.pools[line.pool].id, first)
    }

    /// The engine with most room, or the one that this prompt's beginning belongs to unless it is a quarter fuller.
    ///
    /// - Parameter isGuessEnough: engines whose limit is a guess have room beyond it.
    private func engineWithRoom(for request: Request, isGuessEnough: Bool = false) -> Int? {
        let engines = self.engines(for: request)
        let home = request.affinity.flatMap { self.home(of: $0, among: self.pools[request.pool].engines) }
        var best: (engine: Int, load: Double)?
        for index in engines {
            let hasRoom =
                isGuessEnough
                ? self.engines[index].hasRoomBeyondGuess(request.sizeTokens, now: self.now)
                : self.engines[index].hasInteractiveRoom(request.sizeTokens, now: self.now)
            guard hasRoom else { continue }
            let part = self.pools[request.pool].parts[index] ?? 1
            let load = self.engines[index].load / part - (index == home ? 0.25 : 0)
            if let best, best.load <= load { continue }
            best = (index, load)
        }
        return best?.engine
    }

    /// The engines that may have a request: those that failed it only while there is no other, however full these are.
    func engines(for request: Request) -> [Int] {
        let engines = self.pools[request.pool].engines
        guard !request.avoided.isEmpty else { return engines }
        let others = engines.filter {
            self.engines[$0].isOpen(for: request.lane, self.now)
                && !request.avoided.contains(self.engines[$0].profile.id)
        }
        return others.isEmpty ? engines : others
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
        self.send(entry, to: engine, into: &actions)
    }

    private mutating func send(_ entry: Waiting, to engine: Int, into actions: inout [SchedulerAction]) {
        let request = entry.request
        self.counters[request.lane.rawValue].sent(request.account)
        self.windows[request.lane.rawValue].waited(self.now.seconds(since: entry.arrivedAt), now: self.now)
        self.start(
            Running(
                key: request.key, lane: request.lane, account: request.account, pool: request.pool, engine: engine,
                promptTokens: request.promptTokens, uncachedTokens: request.promptTokens,
                expectedOutput: request.outputTokens, request: request, batch: nil, arrivedAt: entry.arrivedAt,
                sentAt: self.now, charged: Double(request.promptTokens), preemptions: entry.preemptions))
        actions.append(.dispatch(request.key, self.engines[engine].profile.id))
    }

    /// Background work to cancel for a request, batch before flex, least computed first, and last what would miss its
    /// deadline then: at the one engine where that loses least, and only if it makes room.
    private func victims(for request: Request) -> (engine: Int, keys: [WorkKey])? {
        var best: (engine: Int, keys: [WorkKey], lost: (due: Int, tokens: Int))?
        for index in self.engines(for: request) where !self.engines[index].backgroundKeys.isEmpty {
            guard let (keys, lost) = self.victims(for: request, at: self.engines[index]) else { continue }
            if let best, best.lost <= lost { continue }
            best = (index, keys, lost)
        }
        return best.map { ($0.engine, $0.keys) }
    }

    private func victims(
        for request: Request, at engine: EngineLoad
    ) -> (keys: [WorkKey], lost: (due: Int, tokens: Int))? {
        guard engine.profile.isOwned, engine.isOpen(self.now) else { return nil }
        let running = engine.backgroundKeys.compactMap { self.running[$0] }.filter(\.canBePreempted)
        let candidates = running.map { ($0, isDue: self.isDue($0) ? 1 : 0) }.sorted {
            // Later is less: an engine that tells nothing of its progress has done least for the youngest.
            ($0.isDue, $1.0.lane, $0.0.computedTokens, $1.0.sentAt, $1.0.key)
                < ($1.isDue, $0.0.lane, $1.0.computedTokens, $0.0.sentAt, $0.0.key)
        }
        var rest = engine
        var keys: [WorkKey] = []
        var lost = (due: 0, tokens: 0)
        for (victim, isDue) in candidates {
            if victim.lane == .flex { rest.flex -= 1 } else { rest.lines -= 1 }
            rest.tokens -= victim.sizeTokens
            keys.append(victim.key)
            lost = (lost.due + isDue, lost.tokens + victim.computedTokens)
            if rest.hasInteractiveRoom(request.sizeTokens, now: self.now) { return (keys, lost) }
        }
        return nil
    }

    /// A line that could not be run again before the deadline of its batch.
    private func isDue(_ work: Running) -> Bool {
        guard let batch = work.batch.flatMap({ self.batches[$0] }) else { return false }
        return batch.offer.deadline.since(self.now) < batch.margin(line: self.pools[work.pool].lineTime.slow)
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
        let hasRoom = self.engines[index].hasBackgroundRoom(.batch, now: self.now)
        let batches = self.nextBatches(for: index)
        for rank in [Rank.critical, .flex, .batch] where rank == .critical || hasRoom {
            if self.drains(index, for: rank) { return false }
            let batch = batches[rank]
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
        self.hasInteractiveWaiting && self.pools.contains { $0.interactiveWaiting > 0 && $0.engines.contains(index) }
    }

    private func nextFlex(for index: Int) -> LineKey? {
        self.nextLine(.flex) { line in
            guard self.pools[line.pool].engines.contains(index),
                let key = self.lines[Lane.flex.rawValue][line]?.peek, let request = self.waiting[key]?.request,
                request.avoided.isEmpty || self.engines(for: request).contains(index)
            else { return false }
            return self.engines[index].holds(request.sizeTokens) && !self.isLeftToOthers(index, request)
        }
    }

    /// The next batch of each rank: fair between projects, earliest deadline within one; critical ones by deadline
    /// alone.
    ///
    /// - Parameter fits: their lines fit into what is free of the engine's memory.
    func nextBatches(for index: Int, fits: Bool = true) -> NextBatches {
        var next = NextBatches()
        guard !self.batches.isEmpty, self.engines[index].opensForLines(.critical, self.now) else { return next }
        let isOpen = self.engines[index].opensForLines(.batch, self.now)
        for batch in self.batches.values where batch.isReady(self.now) && !self.isHeld(batch, at: index) {
            let isCritical = batch.rank == .critical
            guard isOpen || isCritical, self.isEligible(batch, index, fits: fits) else { continue }
            var service = isCritical ? 0 : self.counters[Lane.batch.rawValue].service(of: batch.account)
            // The cache knows this project's prompts: another one is next only when it lags by some requests.
            if !isCritical, batch.offer.project == self.engines[index].lastProject {
                service -= Self.stickiness * self.meanUnits
            }
            next.consider(batch, service: service)
        }
        return next
    }

    func isEligible(_ batch: OfferedBatch, _ index: Int, fits: Bool = true) -> Bool {
        guard let pool = batch.pool, self.pools[pool].engines.contains(index) else { return false }
        return !fits || self.engines[index].holds(batch.offer.promptTokens + batch.offer.outputTokens)
    }

    /// A project's batches keep an engine until another project lags by this many requests of mean size.
    static let stickiness = 3.0

    private mutating func pull(_ batch: BatchID, _ index: Int, into actions: inout [SchedulerAction]) {
        guard let place = self.batches.index(forKey: batch) else { return }
        self.checkPull(self.batches.values[place], index)
        self.engines[index].pulls += 1
        self.engines[index].pulledAt = self.now
        self.engines[index].lastProject = self.batches.values[place].offer.project
        self.batches.values[place].taken += 1
        self.batches.values[place].askedAt = self.now
        self.countWaiting(batch)
        actions.append(.pull(batch, self.engines[index].profile.id))
    }
}
