package import Quantities

/// Which batches are about to miss their deadlines: the demand criterion of earliest-deadline-first scheduling.
///
/// For each deadline in order, the work due by then must fit into what the pool serves until then. Nobody can keep a
/// deadline that fails this; one that comes close is moved past its lane early enough (scheduling.md 9, "Deadlines").
package struct DeadlineReview {
    static let urgentLoad = 0.85
    static let criticalLoad = 1.0
    static let relaxedLoad = 0.6
    /// Kept back from each deadline, for the last lines to end; a tenth of a short window.
    static let margin: Duration = .seconds(30)

    package struct Item {
        let batch: BatchID
        let deadline: Instant
        let units: Double

        package init(batch: BatchID, deadline: Instant, units: Double) {
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
            let left = item.deadline.since(start).secondsApproximate
            let usable = max(left - min(Self.margin.secondsApproximate, left / 10), 1e-3)
            ratios.append(need / (max(rate, 1e-6) * usable))
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

extension Scheduler {
    mutating func reviewDeadlines(force: Bool) {
        if !force, let last = self.reviewedAt, self.now.since(last) < Self.reviewInterval { return }
        self.reviewedAt = self.now
        guard !self.batches.isEmpty else {
            for index in self.engines.indices { self.engines[index].background.urgency = 1 }
            return
        }
        var urgent = [Bool?](repeating: nil, count: self.engines.count)
        for (id, pool) in self.pools.sorted(by: { $0.key < $1.key }) { self.review(id, pool, urgent: &urgent) }
        for index in self.engines.indices {
            guard let isUrgent = urgent[index] else { continue }
            if isUrgent, !force {
                self.engines[index].background.urgency = min(16, self.engines[index].background.urgency * 1.5)
            } else if !isUrgent {
                self.engines[index].background.urgency = 1
            }
        }
    }

    /// Without a rate, held work starts at once when less than half of its window would be left.
    private func loadsUnknown(_ items: [DeadlineReview.Item], from opens: Instant) -> [BatchID: Double] {
        var loads: [BatchID: Double] = [:]
        for item in items {
            guard let batch = self.batches[item.batch] else { continue }
            let window = item.deadline.since(batch.offeredAt)
            let isTight = item.deadline.since(opens) < window / 2
            loads[item.batch] = isTight ? (DeadlineReview.urgentLoad + DeadlineReview.criticalLoad) / 2 : 0
        }
        return loads
    }

    private mutating func review(_ id: PoolID, _ pool: Pool, urgent: inout [Bool?]) {
        let items = self.batches.values.filter { $0.offer.pool == id }.map {
            DeadlineReview.Item(batch: $0.offer.batch, deadline: $0.offer.deadline, units: $0.unitsLeft)
        }
        // Work that is held for cheaper hours begins when they do.
        let opens = max(self.now, pool.engines.map { self.engines[$0].heldUntil ?? self.now }.min() ?? self.now)
        let loads: [BatchID: Double]
        if let rate = pool.rate.background, rate > 0 {
            loads = DeadlineReview.loads(items, rate: rate, from: opens)
        } else if opens > self.now {
            loads = self.loadsUnknown(items, from: opens)
        } else {
            return
        }
        for item in items {
            guard let load = loads[item.batch], var batch = self.batches[item.batch] else { continue }
            let before = batch.rank
            batch.load = load
            batch.loadMost = max(batch.loadMost ?? 0, load)
            if load > DeadlineReview.criticalLoad {
                batch.rank = .critical
            } else if load > DeadlineReview.urgentLoad {
                batch.rank = .flex
            } else if load < DeadlineReview.relaxedLoad || before == .critical {
                batch.rank = load < DeadlineReview.relaxedLoad ? .batch : .flex
            }
            if batch.rank < before { self.statistics.promotions += 1 }
            self.batches[item.batch] = batch
        }
        let worst = loads.values.max() ?? 0
        for engine in pool.engines {
            if worst > DeadlineReview.urgentLoad {
                urgent[engine] = true
            } else if worst < DeadlineReview.relaxedLoad, urgent[engine] == nil {
                urgent[engine] = false
            }
        }
    }
}

extension OfferedBatch {
    /// Work that has no outcome yet; lines in flight count half.
    var unitsLeft: Double {
        let each = ServiceUnits.of(prompt: self.offer.promptTokens, output: self.offer.outputTokens)
        return each * (Double(max(0, self.offer.linesLeft - self.taken)) + 0.5 * Double(self.inFlight))
    }
}
