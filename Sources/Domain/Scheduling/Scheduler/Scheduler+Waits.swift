public import Quantities

/// How long requests will probably wait, and who waits in vain (decision 0020).
extension Scheduler {
    /// Of what work usually takes, so much is always left: some takes longer than usual.
    static let restLeast = 0.1
    /// Patience is passed when a prediction is this many times as long.
    static let patienceKept = 1.25
    /// A longer queue is looked through every five seconds, so that an overload does not slow the ticks.
    static let waitsReviewedMax = 1_000
    static let waitsReviewInterval: Duration = .seconds(5)

    /// Seconds until a place is free, by the work ahead and the pool's rate; 0 while the rate is not known.
    ///
    /// The rate counts what requests used, so what waits is taken for what such requests used lately.
    ///
    /// - Parameter account: the project's in this lane; nil: it has no work there.
    func predictedWait(_ lane: Lane, account: Int?, pool place: Int) -> Double {
        let (before, own) = self.waiting.isEmpty ? (0, 0) : self.unitsAhead(lane, account: account, pool: place)
        let closed = self.secondsClosed(place, for: lane)
        guard before + own > 0 || closed > 0 else {
            // Nobody is before it: it waits for what runs.
            guard self.isFull(place, for: lane) else { return 0 }
            if let until = self.pools[place].fullUntil, until > self.now { return until.seconds(since: self.now) }
            return self.placeWait(place)
        }
        let all = self.pools[place].rate.all
        let rate = lane.isInteractive ? all : self.pools[place].rate.expectedBackground
        // Interactive work before a background request has all of the rate.
        return max(closed, self.secondsToPlace(place)) + (all.map { before / max($0, 1e-6) } ?? 0)
            + (rate.map { own / max($0, 1e-6) } ?? 0)
    }

    /// The same for a request that might come now; 0 for an unknown pool.
    public func foretoldWait(_ lane: Lane, project: ProjectID, pool: PoolID) -> Double {
        guard let place = self.poolIndex[pool] else { return 0 }
        return self.predictedWait(lane, account: self.counters[lane.rawValue].account(of: project), pool: place)
    }

    /// Projects take turns, so a project waits for its own work over its share, or for all of it.
    ///
    /// - Returns: what waits in the lanes before, and what is before it in its own.
    private func unitsAhead(_ lane: Lane, account: Int?, pool place: Int) -> (before: Double, own: Double) {
        let pool = self.pools[place]
        let units = pool.waitingUnits[lane.rawValue]
        let count = pool.waiting[lane.rawValue]
        let before = self.unitsBefore(lane, pool: place)
        guard count > 0 else { return (before, 0) }
        let line = account.flatMap { self.lines[lane.rawValue][LineKey(account: $0, pool: place)] }
        let own = Double(line?.count ?? 0) * units / Double(max(1, count))
        let turns = account.map { self.turns(lane, account: $0, of: self.weights(lane)[place]) } ?? 1
        return (before, min(units, own * turns) * pool.sizes[lane.rawValue].value)
    }

    /// What waits in the lanes before this one.
    private func unitsBefore(_ lane: Lane, pool place: Int) -> Double {
        var units = 0.0
        for other in Lane.allCases where other < lane {
            units += self.pools[place].waitingUnits[other.rawValue] * self.pools[place].sizes[other.rawValue].value
        }
        return units
    }

    /// How many times its own work is served while this project gets its share: the weights of all projects that wait
    /// for the pool over its own.
    private func turns(_ lane: Lane, account: Int, of all: Double) -> Double {
        max(1, all / self.counters[lane.rawValue].weight(of: account))
    }

    /// The weights of all projects that wait, by pool. The few requests that avoid engines are another line of theirs.
    private func weights(_ lane: Lane) -> [Double] {
        var weights = [Double](repeating: 0, count: self.pools.count)
        for line in self.lines[lane.rawValue].keys where line.avoided.isEmpty {
            weights[line.pool] += self.counters[lane.rawValue].weight(of: line.account)
        }
        return weights
    }

    /// Until the first of the engines that refuse takes work again, as they have told; 0 while one does.
    private func secondsClosed(_ pool: Int, for lane: Lane) -> Double {
        var first: Instant?
        for index in self.pools[pool].engines where self.engines[index].isAvailable {
            guard let until = self.engines[index].closedUntil(for: lane, self.now) else { return 0 }
            first = min(first ?? until, until)
        }
        return first.map { $0.seconds(since: self.now) } ?? 0
    }

    /// Nothing of this lane can be sent before something ends.
    func isFull(_ pool: Int, for lane: Lane) -> Bool {
        var isOpen = false
        for index in self.pools[pool].engines where self.engines[index].isOpen(for: lane, self.now) {
            guard self.engines[index].isFull(for: lane) else { return false }
            isOpen = true
        }
        return isOpen
    }

    /// Seconds until something that runs ends, by how long such work took lately; 0 while that is not known.
    ///
    /// Where all began together, the one that ends first says it. Where answers are longer or shorter than was thought,
    /// some have passed their time, and what is left on average, shared by all places, says it better.
    private func placeWait(_ place: Int) -> Double {
        let pool = self.pools[place]
        // What runs has no order: a sum of durations is the same in any, one of fractions is not.
        var (count, least, sum) = (Int64(0), Duration.seconds(Int64.max), Duration.zero)
        for work in self.running.values where work.pool == place {
            guard let seconds = pool.usualSeconds(work.lane, prompt: work.promptTokens, output: work.expectedOutput)
            else { return 0 }
            let left = max(seconds - self.now.seconds(since: work.sentAt), seconds * Self.restLeast)
            let rest = Duration.seconds(saturating: left)
            least = min(least, rest)
            sum += rest
            count += 1
        }
        // Places that another model has taken are not foretold.
        return count > 0 ? max(least, sum / (count * count)).secondsApproximate : 0
    }

    /// The same as of the last tick: what runs is not looked through for each request that comes to a queue.
    private func secondsToPlace(_ place: Int) -> Double {
        max(0, self.pools[place].freeAt?.seconds(since: self.now) ?? 0)
    }

    /// Seconds that an engine works on such a standard request, by what ended lately; nil: not known yet.
    public func usualSeconds(_ pool: PoolID, promptTokens: Int, outputTokens: Int) -> Double? {
        self.poolIndex[pool].flatMap {
            self.pools[$0].usualSeconds(.standard, prompt: promptTokens, output: outputTokens)
        }
    }

    /// Looks again at the waits of flex requests, in one walk from the head of each line, and refuses the ones that
    /// will not be served in their patience. Who is refused is not before the next ones any more.
    mutating func reviewWaits(into actions: inout [SchedulerAction]) {
        for place in self.pools.indices {
            let seconds = self.isFull(place, for: .flex) ? self.placeWait(place) : 0
            self.pools[place].freeAt = seconds > 0 ? self.now.advanced(by: .seconds(seconds)) : nil
            self.pools[place].fullUntil = self.pools[place].freeAt
        }
        let elapsed = self.waitsReviewedAt.map { self.now.since($0) } ?? .zero
        if self.waiting.count > Self.waitsReviewedMax, self.waitsReviewedAt != nil, elapsed < Self.waitsReviewInterval {
            return
        }
        self.waitsReviewedAt = self.now
        // Time without ticks says nothing.
        let step = min(elapsed, Self.waitsReviewInterval).secondsApproximate
        var hopeless: [WorkKey] = []
        let weights = self.weights(.flex)
        for line in self.lines[Lane.flex.rawValue].keys {
            self.review(line, of: weights[line.pool], step: step, into: &hopeless)
        }
        hopeless.sort()
        for key in hopeless { self.refuseWaiting(key, into: &actions) }
    }

    /// - Parameter weights: of all projects that wait for the pool.
    private mutating func review(
        _ key: LineKey, of weights: Double, step: Double, into hopeless: inout [WorkKey]
    ) {
        let flex = Lane.flex.rawValue
        let pool = self.pools[key.pool]
        // While no engine takes anything the rate says nothing.
        guard let line = self.lines[flex][key], pool.engines.contains(where: { self.engines[$0].isOpen(self.now) })
        else { return }
        // Without a rate, what runs is all that is known.
        let rate = pool.rate.expectedBackground ?? .infinity
        let interactive = self.unitsBefore(.flex, pool: key.pool) / (pool.rate.all ?? .infinity)
        let before = max(self.secondsClosed(key.pool, for: .flex), self.secondsToPlace(key.pool)) + interactive
        let turns = self.turns(.flex, account: key.account, of: weights)
        let pace = pool.sizes[flex].value / rate
        var all = pool.waitingUnits[flex]
        var own = 0.0
        line.forEach { key in
            guard let place = self.waiting.index(forKey: key) else { return }
            let entry = self.waiting.values[place]
            let wait = before + min(all, own * turns) * pace
            let late = self.isLate(entry, wait: wait) ? entry.lateSeconds + step : 0
            if late != entry.lateSeconds { self.waiting.values[place].lateSeconds = late }
            if late > 0, late >= max(2, entry.request.patience.secondsApproximate / 10) {
                hopeless.append(key)
                all -= entry.request.units
            } else {
                own += entry.request.units
            }
        }
    }

    /// Its whole wait is well past its patience, and it is not about to be sent either.
    private func isLate(_ entry: Waiting, wait: Double) -> Bool {
        guard wait > Self.retryAfterRange.least.secondsApproximate else { return false }
        let whole = self.now.seconds(since: entry.arrivedAt) + wait
        return whole > entry.request.patience.secondsApproximate * Self.patienceKept
    }
}

extension Pool {
    /// Seconds that an engine works on a request of this size, by what such requests used and took lately; nil: not
    /// known yet.
    fileprivate func usualSeconds(_ lane: Lane, prompt: Int, output: Int) -> Double? {
        self.placeTime.perUnit.map {
            ServiceUnits.of(prompt: prompt, output: output) * self.sizes[lane.rawValue].value * $0
        }
    }
}
