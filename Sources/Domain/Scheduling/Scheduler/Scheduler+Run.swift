import Quantities

/// From dispatch to the end.
extension Scheduler {
    mutating func start(_ begun: Running) {
        var work = begun
        work.isSunk = work.batch != nil && self.engines[work.engine].tellsPrompts
        precondition(self.running.updateValue(work, forKey: work.key) == nil, "a request runs twice")
        self.engines[work.engine].begin(work, now: self.now)
        self.pools[work.pool].fullUntil = nil
        self.counters[work.lane.rawValue].charge(work.charged, to: work.account)
        let units = ServiceUnits.of(prompt: work.promptTokens, output: work.expectedOutput)
        self.meanUnits += 0.02 * (units - self.meanUnits)
        self.statistics.sent[work.lane.rawValue] += 1
        self.invariants.sent(work, at: self.engines)
    }

    mutating func firstToken(_ key: WorkKey) {
        if let place = self.running.index(forKey: key) { self.firstToken(at: place) }
    }

    private mutating func firstToken(at place: Dictionary<WorkKey, Running>.Index) {
        guard self.running.values[place].begins(at: self.now) else { return }
        let work = self.running.values[place]
        self.engines[work.engine].firstToken(of: work, after: self.now.seconds(since: work.sentAt), now: self.now)
    }

    mutating func promptComputed(_ key: WorkKey, tokens: Int) {
        guard let place = self.running.index(forKey: key) else { return }
        self.running.values[place].promptComputed = WorkUsage.clamped(tokens)
        self.engines[self.running.values[place].engine].tellsPrompts = true
    }

    mutating func progress(_ key: WorkKey, outputTokens told: Int) {
        guard let place = self.running.index(forKey: key) else { return }
        let outputTokens = WorkUsage.clamped(told)
        let more = outputTokens - self.running.values[place].outputTokens
        guard more > 0 else { return }
        let units = Double(more) * ServiceUnits.output
        self.running.values[place].outputTokens = outputTokens
        self.running.values[place].charged += units
        let work = self.running.values[place]
        self.windows[work.lane.rawValue].made(tokens: more, now: self.now)
        self.counters[work.lane.rawValue].charge(units, to: work.account)
        self.pools[work.pool].rate.served(units, isBackground: !work.lane.isInteractive)
    }

    mutating func finished(_ key: WorkKey, _ usage: WorkUsage) {
        // One that lost its place a moment ago may still report its end: it does not wait any more either.
        guard let place = self.running.index(forKey: key) else { return self.gone(key) }
        self.firstToken(at: place)
        let work = self.end(at: place)
        let units = ServiceUnits.of(usage)
        self.windows[work.lane.rawValue].made(tokens: usage.outputTokens - work.outputTokens, now: self.now)
        self.counters[work.lane.rawValue].charge(units - work.charged, to: work.account)
        self.counters[work.lane.rawValue].ended(work.account)
        let streamed = Double(work.outputTokens) * ServiceUnits.output
        self.pools[work.pool].rate.served(max(0, units - streamed), isBackground: !work.lane.isInteractive)
        self.pools[work.pool].sizes[work.lane.rawValue].observe(
            expected: ServiceUnits.of(prompt: work.promptTokens, output: work.expectedOutput), used: units)
        self.engines[work.engine].reserve.served(units: units)
        let seconds = self.now.seconds(since: work.sentAt)
        self.engines[work.engine].answered(work, outputTokens: usage.outputTokens, now: self.now)
        self.pools[work.pool].placeTime.observe(units: units, seconds: seconds)
        if work.batch != nil { self.pools[work.pool].lineTime.observe(seconds) }
        self.statistics.finished[work.lane.rawValue] += 1
    }

    mutating func failed(_ key: WorkKey, _ trouble: EngineTrouble) {
        guard var work = self.end(key) else {
            // It lost its place a moment ago and waits: only what is over does not wait any more either.
            if trouble.isFinal { self.gone(key) }
            return
        }
        defer { self.counters[work.lane.rawValue].charge(-work.charged, to: work.account) }
        // An engine that refuses a request has not begun it.
        work.isSunk = false
        self.statistics.tokensFailedByLane[work.lane.rawValue] += work.computedTokens
        switch trouble {
        case .capacity(let retryAfter), .full(let retryAfter):
            self.engines[work.engine].refused(
                retryAfter: retryAfter, isBackground: !work.lane.isInteractive, now: self.now)
        case .flexFull: self.engines[work.engine].refusedFlex(now: self.now)
        case .unreached: self.engines[work.engine].unreached(now: self.now)
        case .request, .lost: break
        }
        if trouble.isFinal {
            self.counters[work.lane.rawValue].ended(work.account)
            self.statistics.failed[work.lane.rawValue] += 1
            return
        }
        // A line is its batch's again; a request waits again, first in its line.
        guard let request = work.request, !work.isDelivered else {
            self.counters[work.lane.rawValue].ended(work.account)
            return
        }
        self.waitAgain(request, work, preemptions: work.preemptions)
    }

    private mutating func waitAgain(_ request: Request, _ work: Running, preemptions: Int) {
        let ran = self.now.since(work.sentAt)
        var request = request
        request.ran(for: ran)
        var entry = Waiting(request: request, arrivedAt: work.arrivedAt.advanced(by: ran))
        entry.preemptions = preemptions
        if let held = self.heldAgain(entry, work.pool) {
            self.counters[work.lane.rawValue].ended(work.account)
            return self.hold(held)
        }
        self.counters[work.lane.rawValue].returned(work.account)
        self.enqueue(entry, isBack: true)
    }

    /// Takes a request or line off its engine; nil when it is not there.
    mutating func end(_ key: WorkKey) -> Running? {
        self.running.index(forKey: key).map { self.end(at: $0) }
    }

    private mutating func end(at place: Dictionary<WorkKey, Running>.Index) -> Running {
        let work = self.running.remove(at: place).value
        self.engines[work.engine].end(work, now: self.now)
        self.pools[work.pool].fullUntil = nil
        if let batch = work.batch, let place = self.batches.index(forKey: batch) {
            self.batches.values[place].inFlight -= 1
        }
        return work
    }

    /// Cancels background work for an interactive request.
    mutating func preempt(_ key: WorkKey, for lane: Lane, into actions: inout [SchedulerAction]) {
        guard let work = self.end(key) else { return }
        actions.append(.preempt(key))
        let units = ServiceUnits.of(prompt: work.computed.prompt, output: work.computed.output)
        self.engines[work.engine].reserve.preempted(units: units, now: self.now)
        self.statistics.preempted[work.lane.rawValue] += 1
        if lane == .priority { self.statistics.preemptedForPriority[work.lane.rawValue] += 1 }
        self.statistics.tokensWastedByLane[work.lane.rawValue] += work.computedTokens
        defer { self.counters[work.lane.rawValue].charge(-work.charged, to: work.account) }
        guard let request = work.request else {
            self.counters[work.lane.rawValue].ended(work.account)
            return
        }
        self.waitAgain(request, work, preemptions: work.preemptions + 1)
    }
}
