package import Quantities

/// Which batches are about to miss their deadlines: the demand criterion of earliest-deadline-first scheduling.
///
/// For each deadline in order, the work due by then must fit into what the pool serves until then. Nobody can keep a
/// deadline that fails this; one that comes close is moved past its lane early enough (scheduling.md 9, "Deadlines").
package struct DeadlineReview {
    static let urgentLoad = 0.85
    static let criticalLoad = 1.0
    static let relaxedLoad = 0.6
    static let steadyLoad = 0.75
    /// Told at most, where next to nothing is served.
    static let loadMax = 100.0
    /// B is at most this many times as large.
    static let urgencyMax = 16.0
    /// For the last lines to end, before it is known how long they take; at most a tenth of the window.
    package static let margin: Duration = .seconds(30)
    /// The last lines may be slow ones, in a crowd that slows all, and one may lose its place.
    static let linesKept = 2.5

    /// What is kept back before a deadline: so many times what slow lines take, up to a quarter of the window.
    package static func margin(of window: Duration, line seconds: Double) -> Duration {
        max(min(Self.margin, window / 10), min(.seconds(seconds * Self.linesKept), window / 4))
    }

    package struct Item {
        let batch: BatchID
        let deadline: Instant
        let units: Double
        /// Kept back before the deadline, for the last lines to end.
        let margin: Duration

        package init(batch: BatchID, deadline: Instant, units: Double, margin: Duration = DeadlineReview.margin) {
            self.margin = margin
            self.batch = batch
            self.deadline = deadline
            self.units = units
        }
    }

    /// Load of each batch: the highest ratio of need to supply among its deadline and the later ones that it delays.
    ///
    /// - Parameters:
    ///   - items: any order.
    ///   - rate: units per second that batches get at present.
    ///   - start: when serving can begin.
    package static func loads(_ items: [Item], rate: Double, from start: Instant) -> [BatchID: Double] {
        let sorted = items.sorted { ($0.deadline, $0.batch) < ($1.deadline, $1.batch) }
        var ratios: [Double] = []
        var need = 0.0
        for item in sorted {
            need += item.units
            ratios.append(need / (max(rate, 1e-6) * Self.usable(item, from: start)))
        }
        var loads: [BatchID: Double] = [:]
        var most = 0.0
        for (item, ratio) in zip(sorted, ratios).reversed() {
            most = max(most, ratio)
            loads[item.batch] = most
        }
        return loads
    }
}

extension DeadlineReview {
    /// The rank of a batch by its load: up at once, back only when it is well below what moved it up.
    ///
    /// - Parameter pressure: need over supply; above 1 it is late.
    package static func rank(_ before: Rank, pressure: Double) -> Rank {
        if pressure > Self.criticalLoad { return .critical }
        if pressure > Self.urgentLoad { return .flex }
        if pressure < Self.relaxedLoad { return .batch }
        return before == .critical ? .flex : before
    }

    private static func usable(_ item: Item, from start: Instant) -> Double {
        max((item.deadline.since(start) - item.margin).secondsApproximate, 1e-3)
    }

    /// Load of each batch if its project gets no more than its share: what there is time for in all may still be late
    /// when others take their turns.
    ///
    /// - Parameter weight: of a project; its share is that over the weights of all.
    package static func loadsOfShares(
        _ items: [Item], projects: [BatchID: ProjectID], rate: Double, from start: Instant,
        weight: (ProjectID) -> Double = { _ in 1 }
    ) -> [BatchID: Double] {
        let all = Set(projects.values).sorted().reduce(0) { $0 + weight($1) }
        var need: [ProjectID: Double] = [:]
        var loads: [BatchID: Double] = [:]
        for item in items.sorted(by: { ($0.deadline, $0.batch) < ($1.deadline, $1.batch) }) {
            guard let project = projects[item.batch] else { continue }
            need[project, default: 0] += item.units
            let usable = Self.usable(item, from: start)
            loads[item.batch] = (need[project] ?? 0) * all / (weight(project) * max(rate, 1e-6) * usable)
        }
        return loads
    }
}

extension Scheduler {
    mutating func reviewDeadlines(force: Bool) {
        if !force, let last = self.reviewedAt, self.now.since(last) < Self.reviewInterval { return }
        self.reviewedAt = self.now
        guard !self.batches.isEmpty else {
            for index in self.engines.indices { self.engines[index].background.urgency = 1 }
            return
        }
        var worst = [Double?](repeating: nil, count: self.engines.count)
        for place in self.pools.indices { self.review(place, worst: &worst) }
        for index in self.engines.indices {
            guard let worst = worst[index] else { continue }
            let urgency = self.engines[index].background.urgency
            guard !force, urgency > 1 || worst > DeadlineReview.urgentLoad else { continue }
            // Steers towards a load below the urgent one, so that B does not swing.
            let change = min(4, max(0.8, worst / DeadlineReview.steadyLoad))
            self.engines[index].background.urgency = min(DeadlineReview.urgencyMax, max(1, urgency * change))
        }
    }

    /// Without a rate, held work starts at once when less than half of its window would be left. It is no load and told
    /// as none; the work soon shows the rate, by which what has time is held again.
    private func pressuresUnknown(_ items: [DeadlineReview.Item], from opens: Instant) -> [BatchID: Double] {
        var pressures: [BatchID: Double] = [:]
        for item in items {
            guard let batch = self.batches[item.batch] else { continue }
            let window = item.deadline.since(batch.offeredAt)
            let isTight = item.deadline.since(opens) < window / 2
            pressures[item.batch] = isTight ? (DeadlineReview.urgentLoad + DeadlineReview.criticalLoad) / 2 : 0
        }
        return pressures
    }

    private mutating func review(_ place: Int, worst: inout [Double?]) {
        let pool = self.pools[place]
        let items = self.batches.values.filter { $0.pool == place }.map {
            DeadlineReview.Item(
                batch: $0.offer.batch, deadline: $0.offer.deadline, units: $0.unitsLeft,
                margin: $0.margin(line: pool.lineTime.slow))
        }
        // Work that is held for cheaper hours begins when they do.
        let opens = self.opening(place) ?? self.now
        var loads: [BatchID: Double] = [:]
        let shares: [BatchID: Double]
        // A rate that is known to be nothing makes late what waits; while work is held, or before the first of it has
        // ended, it says nothing.
        let saysNothing = opens > self.now || self.batches.values.contains { $0.pool == place && $0.inFlight > 0 }
        let rate = pool.rate.background.flatMap { $0 > 0 || !saysNothing ? $0 : nil }
        if let rate {
            loads = DeadlineReview.loads(items, rate: rate, from: opens)
            let projects = items.compactMap { self.batches[$0.batch]?.offer }
            let counters = self.counters[Lane.batch.rawValue]
            shares = DeadlineReview.loadsOfShares(
                items, projects: Dictionary(uniqueKeysWithValues: projects.map { ($0.batch, $0.project) }), rate: rate,
                from: opens, weight: { counters.weight(of: $0) })
        } else if opens > self.now {
            shares = self.pressuresUnknown(items, from: opens)
        } else {
            return
        }
        var most = 0.0
        for item in items {
            guard var batch = self.batches[item.batch] else { continue }
            let load = loads[item.batch] ?? 0
            // A day's batch waits until the rate has settled; one of minutes cannot.
            let window = item.deadline.since(batch.offeredAt).secondsApproximate
            guard opens > self.now || pool.rate.backgroundSeconds >= min(60, window / 20) else { continue }
            // More places do not speed up what is in flight already.
            if batch.hasLines { most = max(most, load) }
            let before = batch.rank
            batch.load = min(load, DeadlineReview.loadMax)
            let pressure = max(load, shares[item.batch] ?? 0)
            batch.loadMost = max(batch.loadMost ?? 0, rate == nil ? pressure : load)
            batch.rank = DeadlineReview.rank(before, pressure: pressure)
            if batch.rank < before { self.statistics.promotions += 1 }
            self.batches[item.batch] = batch
        }
        for engine in pool.engines { worst[engine] = max(worst[engine] ?? 0, most) }
    }
}

extension OfferedBatch {
    /// Kept back before its deadline.
    func margin(line seconds: Double) -> Duration {
        DeadlineReview.margin(of: self.offer.deadline.since(self.offeredAt), line: seconds)
    }

    /// Work that has no outcome yet; lines in flight count half. What is paused takes nothing from others.
    var unitsLeft: Double {
        let each = ServiceUnits.of(prompt: self.offer.promptTokens, output: self.offer.outputTokens)
        let waiting = self.offer.isPaused ? 0 : max(0, self.offer.linesLeft - self.taken)
        return each * (Double(waiting) + 0.5 * Double(self.inFlight))
    }
}
