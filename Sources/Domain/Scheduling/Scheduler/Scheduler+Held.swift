public import Quantities

/// Flex that waits for its model's hours, as batches do, while its patience reaches past their beginning.
///
/// It stands in no line until then, so that it takes no turn from others and is in nobody's way.
extension Scheduler {
    /// Prompt tokens of all requests that are held, and a quarter of it for one project: bodies of 256 MiB, since a
    /// token is taken for four bytes.
    package static let heldTokensMax = 64 << 20

    /// The opening that a request would wait for; nil: it goes into its line.
    func opening(for request: WorkRequest, _ pool: Int) -> Instant? {
        guard request.lane == .flex else { return nil }
        return self.opening(
            patience: request.patience, until: request.waitsUntil(from: self.now),
            behind: self.pools[pool].held.units, pool)
    }

    /// The demand criterion of batches: what is before it must be served in the patience that is left at the opening;
    /// without a rate, half of its patience must be left.
    private func opening(patience: Duration, until limit: Instant, behind units: Double, _ pool: Int) -> Instant? {
        guard patience > .zero, let opens = self.opening(pool) else { return nil }
        let left = limit.since(opens)
        guard let rate = self.pools[pool].rate.expectedBackground else { return left >= patience / 2 ? opens : nil }
        let usable = (left - DeadlineReview.margin(of: patience, line: 0)).secondsApproximate
        let need = units * self.pools[pool].sizes[Lane.flex.rawValue].value / rate
        return usable > 0 && need <= DeadlineReview.urgentLoad * usable ? opens : nil
    }

    /// Whether one more may be kept for hours: its body stays in memory all that time.
    func hasRoomToHold(_ request: WorkRequest) -> Bool {
        !self.isStopping && self.heldTokens + request.promptTokens <= Self.heldTokensMax
            && self.heldOf[request.project, default: (0, 0)].tokens + request.promptTokens <= Self.heldTokensMax / 4
            && self.heldOf[request.project, default: (0, 0)].count < Self.flexWaitingMax / 4
    }

    mutating func hold(_ entry: HeldRequest) {
        let request = entry.request
        self.waitingTiers[request.lane.rawValue][request.tier, default: 0] += 1
        self.held[request.key] = entry
        self.heldTokens += request.promptTokens
        let before = self.heldOf[request.project, default: (0, 0)]
        self.heldOf[request.project] = (before.count + 1, before.tokens + request.promptTokens)
        self.pools[entry.pool].held.count += 1
        self.pools[entry.pool].held.units += entry.units
    }

    mutating func leaveHeld(_ key: WorkKey) -> HeldRequest? {
        guard let entry = self.held.removeValue(forKey: key) else { return nil }
        let request = entry.request
        self.waitingTiers[request.lane.rawValue][request.tier, default: 0] -= 1
        self.heldTokens -= request.promptTokens
        let before = self.heldOf[request.project, default: (1, 0)]
        self.heldOf[request.project] =
            before.count > 1 ? (before.count - 1, before.tokens - request.promptTokens) : nil
        self.pools[entry.pool].held.count -= 1
        self.pools[entry.pool].held.units -= entry.units
        return entry
    }

    /// When the hours begin, all of them go into their lines; before, those that can no longer wait for them. When
    /// hours end, those in line that can wait for the next ones are held again.
    mutating func reviewHeld() {
        let isDue = self.heldReviewedAt.map { self.now.since($0) >= Self.reviewInterval } ?? true
        if isDue { self.heldReviewedAt = self.now }
        var places: Set<Int> = []
        for place in self.pools.indices {
            let opens = self.opening(place)
            let isNews = opens != self.pools[place].opensAt
            self.pools[place].opensAt = opens
            if isNews, opens != nil { self.holdWaiting(place) }
            if isDue || isNews, self.pools[place].held.count > 0 { places.insert(place) }
        }
        guard !places.isEmpty else { return }
        var units = [Double](repeating: 0, count: self.pools.count)
        let entries = self.held.values.filter { places.contains($0.pool) }
        for entry in entries.sorted(by: { $0.request.key < $1.request.key }) {
            let patience = entry.request.patience
            let limit = entry.request.waitsUntil(from: entry.arrivedAt)
            if self.opening(patience: patience, until: limit, behind: units[entry.pool], entry.pool) != nil {
                units[entry.pool] += entry.units
            } else {
                self.release(entry.request.key)
            }
        }
    }

    /// The hours of this model have ended.
    private mutating func holdWaiting(_ place: Int) {
        let flex = Lane.flex.rawValue
        var keys: [WorkKey] = []
        for (line, waiting) in self.lines[flex] where line.pool == place { waiting.forEach { keys.append($0) } }
        // Lines have no order: in that of their keys the same are held in every replay.
        for key in keys.sorted() {
            guard let entry = self.waiting[key], let held = self.heldAgain(entry, place),
                self.dequeue(key, isFirst: false) != nil
            else { continue }
            self.counters[flex].leaveQueue(entry.request.account)
            self.hold(held)
        }
    }

    /// What a request that came while there were hours, or that lost its place, is held as; nil: it goes into its line.
    func heldAgain(_ entry: Waiting, _ place: Int) -> HeldRequest? {
        guard entry.request.lane == .flex else { return nil }
        let project = self.counters[Lane.flex.rawValue].project(of: entry.request.account)
        let request = entry.request.again(project: project, pool: self.pools[place].id)
        let limit = request.waitsUntil(from: entry.arrivedAt)
        let behind = self.pools[place].held.units
        guard self.hasRoomToHold(request),
            self.opening(patience: request.patience, until: limit, behind: behind, place) != nil
        else { return nil }
        return HeldRequest(request: request, pool: place, arrivedAt: entry.arrivedAt, preemptions: entry.preemptions)
    }

    private mutating func release(_ key: WorkKey) {
        guard let entry = self.leaveHeld(key) else { return }
        let account = self.counters[entry.request.lane.rawValue].enter(entry.request.project)
        self.enqueue(
            Waiting(
                request: Request(entry.request, account: account, pool: entry.pool), arrivedAt: entry.arrivedAt,
                preemptions: entry.preemptions),
            isBack: false)
    }

    /// The process ends: what waits for hours will not be sent by it.
    mutating func stop(into actions: inout [SchedulerAction]) {
        self.isStopping = true
        for key in self.held.keys.sorted() {
            guard let entry = self.leaveHeld(key) else { continue }
            let request = entry.request
            let wait = self.opening(entry.pool)?.seconds(since: self.now) ?? 0
            self.refuse(request.key, request.lane, fallsBack: request.fallsBack, wait: wait, into: &actions)
        }
    }

    /// Seconds that a held request will probably wait.
    func heldWait(_ pool: Int, opens: Instant) -> Double {
        let units = self.pools[pool].held.units * self.pools[pool].sizes[Lane.flex.rawValue].value
        let rate = self.pools[pool].rate.expectedBackground ?? .infinity
        return opens.seconds(since: self.now) + units / rate
    }

    /// Flex requests that wait for hours, and when the first of these begin; nil: there are none.
    public var heldFlex: (count: Int, opens: Instant?)? {
        guard !self.held.isEmpty else { return nil }
        let openings = self.pools.indices.filter { self.pools[$0].held.count > 0 }.compactMap { self.opening($0) }
        return (self.held.count, openings.min())
    }

    /// An engine that is closed takes flex only while those that are open, and may have it, have no place for it.
    func isLeftToOthers(_ index: Int, _ request: Request) -> Bool {
        guard self.closedUntil(index, for: request.pool) != nil else { return false }
        return self.engines(for: request).contains {
            self.closedUntil($0, for: request.pool) == nil
                && self.engines[$0].hasBackgroundRoom(.batch, now: self.now)
                && self.engines[$0].holds(request.sizeTokens) && !self.interactiveWaits(for: $0)
        }
    }
}

extension WorkRequest {
    fileprivate func waitsUntil(from arrivedAt: Instant) -> Instant {
        min(arrivedAt.advanced(by: self.patience), self.giveUpAt, self.fallsBackAt ?? self.giveUpAt)
    }
}
