import Quantities

/// Coming and leaving while waiting.
extension Scheduler {
    mutating func arrive(_ request: WorkRequest, into actions: inout [SchedulerAction]) {
        precondition(self.waiting[request.key] == nil && self.running[request.key] == nil, "a key is used twice")
        precondition(self.held[request.key] == nil, "a key is used twice")
        precondition(request.lane != .batch, "a batch's lines are asked for, they do not arrive")
        guard let pool = self.poolIndex[request.pool], self.waiting.count + self.held.count < Self.waitingMax else {
            self.refuse(request.key, request.lane, fallsBack: request.fallsBack, wait: 30, into: &actions)
            return
        }
        guard request.lane != .flex || self.waitingCount(.flex) < Self.flexWaitingMax else {
            let wait = self.foretoldWait(.flex, project: request.project, pool: request.pool)
            self.refuse(request.key, .flex, fallsBack: request.fallsBack, wait: wait, into: &actions)
            return
        }
        let lane = request.lane.rawValue
        if let opens = self.opening(for: request, pool) {
            let wait = self.heldWait(pool, opens: opens)
            self.outlook = Outlook(ahead: self.pools[pool].held.count, predictedWait: wait, heldUntil: opens)
            guard self.hasRoomToHold(request) else {
                self.refuse(request.key, request.lane, fallsBack: request.fallsBack, wait: wait, into: &actions)
                return
            }
            self.statistics.arrived[lane] += 1
            return self.hold(HeldRequest(request: request, pool: pool, arrivedAt: self.now))
        }
        let ahead = self.waiting.isEmpty ? 0 : self.pools[pool].waiting[...lane].reduce(0, +)
        let known = self.waiting.isEmpty ? nil : self.counters[lane].account(of: request.project)
        let wait = self.predictedWait(request.lane, account: known, pool: pool)
        if ahead > 0 || wait > 0 { self.outlook = Outlook(ahead: ahead, predictedWait: wait, heldUntil: nil) }
        let patience = request.patience.secondsApproximate
        if wait > patience {
            self.refuse(
                request.key, request.lane, fallsBack: request.fallsBack, wait: wait - patience, into: &actions)
            return
        }
        self.statistics.arrived[lane] += 1
        let account = self.counters[lane].enter(request.project)
        let entry = Waiting(request: Request(request, account: account, pool: pool), arrivedAt: self.now)
        // Where no interactive request waits this one is next, and need not be put into a line to be taken out again.
        if request.lane.isInteractive, !self.hasInteractiveWaiting, self.sendAtOnce(entry, into: &actions) { return }
        self.enqueue(entry, isBack: false)
    }

    mutating func enqueue(_ entry: Waiting, isBack: Bool) {
        let request = entry.request
        let lane = request.lane.rawValue
        self.waiting[request.key] = entry
        self.givesUpFirst = min(self.givesUpFirst ?? request.leavesAt, request.leavesAt)
        if isBack {
            self.lines[lane][request.line, default: WaitingLine()].putBack(request.key)
        } else {
            self.lines[lane][request.line, default: WaitingLine()].append(request.key)
        }
        self.waitingTiers[lane][request.tier, default: 0] += 1
        self.pools[request.pool].waiting[lane] += 1
        self.pools[request.pool].waitingUnits[lane] += request.units
    }

    /// Takes a request out of its line, at the head or not.
    mutating func dequeue(_ key: WorkKey, isFirst: Bool) -> Waiting? {
        guard let entry = self.waiting.removeValue(forKey: key) else { return nil }
        let lane = entry.request.lane.rawValue
        let line = entry.request.line
        if isFirst {
            let first = self.lines[lane][line]?.removeFirst()
            precondition(first == key, "the line's head is another")
        } else {
            self.lines[lane][line]?.remove(key)
        }
        if self.lines[lane][line]?.isEmpty == true { self.lines[lane][line] = nil }
        self.waitingTiers[lane][entry.request.tier, default: 0] -= 1
        self.pools[entry.request.pool].waiting[lane] -= 1
        self.pools[entry.request.pool].waitingUnits[lane] -= entry.request.units
        return entry
    }

    /// - Parameter wait: seconds, of which an engine's counts may have made any number.
    mutating func refuse(
        _ key: WorkKey, _ lane: Lane, fallsBack: Bool, wait: Double, into actions: inout [SchedulerAction]
    ) {
        self.countRefusal(lane, fallsBack: fallsBack)
        let range = Self.retryAfterRange
        let retryAfter = min(range.most, max(range.least, .seconds(saturating: wait)))
        actions.append(.refuse(key, retryAfter: retryAfter))
    }

    mutating func countRefusal(_ lane: Lane, fallsBack: Bool) {
        if fallsBack {
            self.statistics.fellBack[lane.rawValue] += 1
        } else {
            self.statistics.refused[lane.rawValue] += 1
        }
    }

    /// Refuses what has waited as long as it wants to. Looks through what waits only when something may have.
    mutating func refuseLate(into actions: inout [SchedulerAction]) {
        guard let first = self.givesUpFirst, first <= self.now else { return }
        var late: [WorkKey] = []
        self.givesUpFirst = nil
        for entry in self.waiting.values {
            let leavesAt = entry.request.leavesAt
            if leavesAt <= self.now {
                late.append(entry.request.key)
            } else {
                self.givesUpFirst = min(self.givesUpFirst ?? leavesAt, leavesAt)
            }
        }
        late.sort()
        for key in late { self.refuseWaiting(key, into: &actions) }
    }

    /// Refuses a request, if it waits, with what its wait would still be.
    mutating func refuseWaiting(_ key: WorkKey, into actions: inout [SchedulerAction]) {
        guard let request = self.dequeue(key, isFirst: false)?.request else { return }
        self.counters[request.lane.rawValue].leaveQueue(request.account)
        let wait = self.predictedWait(request.lane, account: request.account, pool: request.pool)
        self.refuse(key, request.lane, fallsBack: request.fallsBack, wait: wait, into: &actions)
    }

    mutating func gone(_ key: WorkKey) {
        if let entry = self.dequeue(key, isFirst: false) {
            let request = entry.request
            self.counters[request.lane.rawValue].leaveQueue(request.account)
            self.statistics.gone[request.lane.rawValue] += 1
        } else if let entry = self.leaveHeld(key) {
            self.statistics.gone[entry.request.lane.rawValue] += 1
        } else if let work = self.end(key) {
            self.counters[work.lane.rawValue].ended(work.account)
            self.statistics.gone[work.lane.rawValue] += 1
        }
    }
}
