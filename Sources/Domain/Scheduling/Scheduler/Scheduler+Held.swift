public import Quantities

/// Flex that waits for its model's hours, as batches do, while its patience reaches past their beginning.
///
/// It stands in no line until then, so that it takes no turn from others and is in nobody's way.
extension Scheduler {
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

    mutating func hold(_ request: WorkRequest, _ pool: Int) {
        let entry = HeldRequest(request: request, pool: pool, arrivedAt: self.now)
        self.statistics.arrived[request.lane.rawValue] += 1
        self.waitingTiers[request.lane.rawValue][request.tier, default: 0] += 1
        self.held[request.key] = entry
        self.pools[pool].held.count += 1
        self.pools[pool].held.units += entry.units
    }

    mutating func leaveHeld(_ key: WorkKey) -> HeldRequest? {
        guard let entry = self.held.removeValue(forKey: key) else { return nil }
        self.waitingTiers[entry.request.lane.rawValue][entry.request.tier, default: 0] -= 1
        self.pools[entry.pool].held.count -= 1
        self.pools[entry.pool].held.units -= entry.units
        return entry
    }

    /// When the hours begin, all of them go into their lines; before, those that can no longer wait for them.
    mutating func reviewHeld() {
        guard !self.held.isEmpty else { return }
        let isDue = self.heldReviewedAt.map { self.now.since($0) >= Self.reviewInterval } ?? true
        if isDue { self.heldReviewedAt = self.now }
        for place in self.pools.indices where self.pools[place].held.count > 0 {
            let opens = self.opening(place)
            guard isDue || opens != self.pools[place].heldFor else { continue }
            self.pools[place].heldFor = opens
            var units = 0.0
            for entry in self.held.values.filter({ $0.pool == place }).sorted(by: { $0.request.key < $1.request.key }) {
                let patience = entry.request.patience
                let limit = entry.request.waitsUntil(from: entry.arrivedAt)
                if self.opening(patience: patience, until: limit, behind: units, place) != nil {
                    units += entry.units
                } else {
                    self.release(entry.request.key)
                }
            }
        }
    }

    private mutating func release(_ key: WorkKey) {
        guard let entry = self.leaveHeld(key) else { return }
        let account = self.counters[entry.request.lane.rawValue].enter(entry.request.project)
        self.enqueue(
            Waiting(request: Request(entry.request, account: account, pool: entry.pool), arrivedAt: entry.arrivedAt),
            isBack: false)
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

    /// An engine that is closed takes flex only while those that are open have no place for it.
    func isLeftToOthers(_ index: Int, _ pool: Int, size: Int) -> Bool {
        guard self.closedUntil(index, for: pool) != nil else { return false }
        return self.pools[pool].engines.contains {
            self.closedUntil($0, for: pool) == nil && self.engines[$0].hasBackgroundRoom(.batch, now: self.now)
                && self.engines[$0].holds(size) && !self.interactiveWaits(for: $0)
        }
    }
}

extension WorkRequest {
    fileprivate func waitsUntil(from arrivedAt: Instant) -> Instant {
        min(arrivedAt.advanced(by: self.patience), self.giveUpAt)
    }
}
