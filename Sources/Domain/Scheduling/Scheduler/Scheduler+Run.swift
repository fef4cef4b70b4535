import Quantities

/// From dispatch to the end.
extension Scheduler {
    mutating func start(_ work: Running) {
        precondition(self.running[work.key] == nil, "a request runs twice")
        self.running[work.key] = work
        self.engines[work.engine].begin(work, now: self.now)
        self.counters[work.lane.rawValue].charge(work.charged, to: work.project)
        let units = ServiceUnits.of(prompt: work.promptTokens, output: work.expectedOutput)
        self.meanUnits += 0.02 * (units - self.meanUnits)
        self.statistics.sent[work.lane.rawValue] += 1
        self.invariants.sent(work, load: self.engines[work.engine])
    }

    mutating func firstToken(_ key: WorkKey) {
        guard var work = self.running[key], work.firstTokenAt == nil else { return }
        work.firstTokenAt = self.now
        self.running[key] = work
        let seconds = self.now.since(work.sentAt).secondsApproximate
        self.engines[work.engine].firstToken(of: work, after: seconds, now: self.now)
    }

    mutating func progress(_ key: WorkKey, outputTokens: Int) {
        guard var work = self.running[key], outputTokens > work.outputTokens else { return }
        let units = Double(outputTokens - work.outputTokens) * ServiceUnits.output
        self.windows[work.lane.rawValue].made(tokens: outputTokens - work.outputTokens, now: self.now)
        work.outputTokens = outputTokens
        work.charged += units
        self.running[key] = work
        self.counters[work.lane.rawValue].charge(units, to: work.project)
        self.pools[work.pool]?.rate.served(units, isBackground: !work.lane.isInteractive)
    }

    mutating func finished(_ key: WorkKey, _ usage: WorkUsage) {
        if self.running[key]?.firstTokenAt == nil { self.firstToken(key) }
        // One that lost its place a moment ago may still report its end: it does not wait any more either.
        guard let work = self.end(key) else { return self.gone(key) }
        let units = ServiceUnits.of(usage)
        self.windows[work.lane.rawValue].made(tokens: usage.outputTokens - work.outputTokens, now: self.now)
        self.counters[work.lane.rawValue].charge(units - work.charged, to: work.project)
        self.counters[work.lane.rawValue].leave(work.project)
        let streamed = Double(work.outputTokens) * ServiceUnits.output
        self.pools[work.pool]?.rate.served(max(0, units - streamed), isBackground: !work.lane.isInteractive)
        self.engines[work.engine].reserve.served(units: units)
        self.engines[work.engine].capacity.finished(after: self.now.since(work.sentAt).secondsApproximate)
        self.statistics.finished[work.lane.rawValue] += 1
        self.statistics.unitsServed[work.lane.rawValue] += units
    }

    mutating func failed(_ key: WorkKey, _ trouble: EngineTrouble) {
        guard let work = self.end(key) else { return self.gone(key) }
        self.counters[work.lane.rawValue].charge(-work.charged, to: work.project)
        self.statistics.tokensFailedByLane[work.lane.rawValue] += work.computedTokens
        switch trouble {
        case .capacity(let retryAfter), .full(let retryAfter):
            self.engines[work.engine].capacity.refused(retryAfter: retryAfter, now: self.now)
        case .request, .lost: break
        }
        switch trouble {
        case .request, .full:
            self.counters[work.lane.rawValue].leave(work.project)
            self.statistics.failed[work.lane.rawValue] += 1
        case .capacity, .lost:
            // A line is its batch's again; a request waits again, first in its line.
            guard let request = work.request, !work.isDelivered else {
                self.counters[work.lane.rawValue].leave(work.project)
                return
            }
            var entry = Waiting(request: request, arrivedAt: work.arrivedAt)
            entry.preemptions = work.preemptions
            self.enqueue(entry, isBack: true)
        }
    }

    /// Takes a request or line off its engine; nil when it is not there.
    mutating func end(_ key: WorkKey) -> Running? {
        guard let work = self.running.removeValue(forKey: key) else { return nil }
        self.engines[work.engine].end(work, now: self.now)
        if let batch = work.batch { self.batches[batch]?.inFlight -= 1 }
        return work
    }

    /// Cancels background work for an interactive request.
    mutating func preempt(_ key: WorkKey, for lane: Lane, into actions: inout [SchedulerAction]) {
        guard let work = self.end(key) else { return }
        actions.append(.preempt(key))
        let units = ServiceUnits.of(prompt: work.firstTokenAt == nil ? 0 : work.promptTokens, output: work.outputTokens)
        self.engines[work.engine].reserve.preempted(units: units, now: self.now)
        self.statistics.preempted[work.lane.rawValue] += 1
        if lane == .priority { self.statistics.preemptedForPriority[work.lane.rawValue] += 1 }
        self.statistics.tokensWasted += work.computedTokens
        self.statistics.tokensWastedByLane[work.lane.rawValue] += work.computedTokens
        self.counters[work.lane.rawValue].charge(-work.charged, to: work.project)
        guard let request = work.request else {
            self.counters[work.lane.rawValue].leave(work.project)
            return
        }
        var entry = Waiting(request: request, arrivedAt: work.arrivedAt)
        entry.preemptions = work.preemptions + 1
        self.enqueue(entry, isBack: true)
    }
}
