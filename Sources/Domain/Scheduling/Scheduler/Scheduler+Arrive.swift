import Quantities

/// Coming and leaving while waiting.
extension Scheduler {
    mutating func arrive(_ request: WorkRequest, into actions: inout [SchedulerAction]) {
        precondition(self.waiting[request.key] == nil && self.running[request.key] == nil, "a key is used twice")
        precondition(request.lane != .batch, "a batch's lines are asked for, they do not arrive")
        guard let pool = self.pools[request.pool], self.waiting.count < Self.waitingMax else {
            self.refuse(request, wait: .seconds(30), into: &actions)
            return
        }
        let wait = self.predictedWait(request, in: pool)
        if wait > request.patience.secondsApproximate {
            self.refuse(request, wait: .seconds(wait - request.patience.secondsApproximate), into: &actions)
            return
        }
        self.statistics.arrived[request.lane.rawValue] += 1
        self.counters[request.lane.rawValue].enter(request.project)
        self.enqueue(Waiting(request: request, arrivedAt: self.now), isBack: false)
    }

    mutating func enqueue(_ entry: Waiting, isBack: Bool) {
        let request = entry.request
        let lane = request.lane.rawValue
        self.waiting[request.key] = entry
        let line = LineKey(project: request.project, pool: request.pool)
        if isBack {
            self.lines[lane][line, default: WaitingLine()].putBack(request.key)
        } else {
            self.lines[lane][line, default: WaitingLine()].append(request.key)
        }
        self.pools[request.pool]?.waiting[lane] += 1
        self.pools[request.pool]?.waitingUnits[lane] += request.units
    }

    /// Takes a request out of its line, at the head or not.
    mutating func dequeue(_ key: WorkKey, isFirst: Bool) -> Waiting? {
        guard let entry = self.waiting.removeValue(forKey: key) else { return nil }
        let lane = entry.request.lane.rawValue
        let line = LineKey(project: entry.request.project, pool: entry.request.pool)
        if isFirst {
            let first = self.lines[lane][line]?.removeFirst()
            precondition(first == key, "the line's head is another")
        } else {
            self.lines[lane][line]?.remove(key)
        }
        if self.lines[lane][line]?.isEmpty == true { self.lines[lane][line] = nil }
        self.pools[entry.request.pool]?.waiting[lane] -= 1
        self.pools[entry.request.pool]?.waitingUnits[lane] -= entry.request.units
        return entry
    }

    /// Seconds until a place is free, by the work ahead and the pool's rate; 0 while the rate is not known.
    ///
    /// Projects take turns, so a project waits for its own work times the number of projects, or for all of it.
    func predictedWait(_ request: WorkRequest, in pool: Pool) -> Double {
        var ahead = 0.0
        for lane in Lane.allCases where lane < request.lane { ahead += pool.waitingUnits[lane.rawValue] }
        let lane = request.lane.rawValue
        if pool.waiting[lane] > 0 {
            let line = self.lines[lane][LineKey(project: request.project, pool: request.pool)]
            let own = Double(line?.count ?? 0) * pool.waitingUnits[lane] / Double(max(1, pool.waiting[lane]))
            let projects = self.lines[lane].keys.reduce(0) { $0 + ($1.pool == request.pool ? 1 : 0) }
            ahead += min(pool.waitingUnits[lane], own * Double(max(1, projects)))
        }
        guard ahead > 0, let rate = request.lane.isInteractive ? pool.rate.all : pool.rate.background else { return 0 }
        return ahead / max(rate, 1e-6)
    }

    private mutating func refuse(_ request: WorkRequest, wait: Duration, into actions: inout [SchedulerAction]) {
        self.countRefusal(request)
        let range = Self.retryAfterRange
        actions.append(.refuse(request.key, retryAfter: min(range.most, max(range.least, wait))))
    }

    private mutating func countRefusal(_ request: WorkRequest) {
        if request.fallsBack {
            self.statistics.fellBack[request.lane.rawValue] += 1
        } else {
            self.statistics.refused[request.lane.rawValue] += 1
        }
    }

    /// Refuses what has waited as long as it wants to. Twice a second, over everything that waits.
    mutating func refuseLate(into actions: inout [SchedulerAction]) {
        if let last = self.expiredAt, self.now.since(last) < .milliseconds(400) { return }
        self.expiredAt = self.now
        let late = self.waiting.values.filter { $0.request.giveUpAt <= self.now }.map(\.request.key).sorted()
        for key in late {
            guard let entry = self.dequeue(key, isFirst: false) else { continue }
            self.counters[entry.request.lane.rawValue].leave(entry.request.project)
            let wait = self.pools[entry.request.pool].map { self.predictedWait(entry.request, in: $0) } ?? 0
            self.refuse(entry.request, wait: .seconds(wait), into: &actions)
        }
    }

    mutating func gone(_ key: WorkKey) {
        if let entry = self.dequeue(key, isFirst: false) {
            self.counters[entry.request.lane.rawValue].leave(entry.request.project)
            // Without patience its driver refuses it by itself when it was not sent at once.
            guard entry.request.patience > .zero else { return self.countRefusal(entry.request) }
            self.statistics.gone[entry.request.lane.rawValue] += 1
        } else if let work = self.end(key) {
            self.counters[work.lane.rawValue].leave(work.project)
            self.statistics.gone[work.lane.rawValue] += 1
        }
    }
}

extension WorkRequest {
    var units: Double { ServiceUnits.of(prompt: self.promptTokens, output: self.outputTokens) }
}
