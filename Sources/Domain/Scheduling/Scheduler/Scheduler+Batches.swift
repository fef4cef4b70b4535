import Quantities

/// Batches: offers, pulls and their answers.
extension Scheduler {
    mutating func offered(_ offer: BatchOffer) {
        let isNews: Bool
        if let place = self.batches.index(forKey: offer.batch) {
            isNews = false
            self.batches.values[place].renew(offer, pool: self.poolIndex[offer.pool])
        } else {
            isNews = true
            var batch = OfferedBatch(
                offer: offer, offeredAt: self.now, askedAt: self.now, pool: self.poolIndex[offer.pool])
            batch.isParked = offer.isPaused
            // A batch may come back while lines of it are still in flight.
            batch.inFlight = self.running.values.reduce(0) { $0 + ($1.batch == offer.batch ? 1 : 0) }
            self.batches[offer.batch] = batch
        }
        self.countWaiting(offer.batch)
        self.reviewDeadlines(force: isNews)
    }

    mutating func withdrawn(_ id: BatchID) {
        guard let batch = self.batches.removeValue(forKey: id) else { return }
        if batch.isCounted { self.counters[Lane.batch.rawValue].leaveQueue(batch.account) }
    }

    mutating func lineStarted(_ line: BatchLine, into actions: inout [SchedulerAction]) {
        guard let index = self.engineIndex[line.engine] else { return }
        self.answered(index)
        guard let place = self.batches.index(forKey: line.batch), let pool = self.batches.values[place].pool else {
            // Withdrawn between question and answer: the driver takes it back.
            actions.append(.preempt(line.key))
            return
        }
        self.batches.values[place].inFlight += 1
        // A batch whose last lines run is not counted, and its project may have been forgotten.
        let account = self.counters[Lane.batch.rawValue].open(self.batches.values[place].offer.project)
        self.counters[Lane.batch.rawValue].ran(account)
        self.start(
            Running(
                key: line.key, lane: .batch, account: account, pool: pool, engine: index,
                promptTokens: line.promptTokens, uncachedTokens: line.uncachedTokens,
                expectedOutput: line.outputTokens, request: nil, batch: line.batch, arrivedAt: self.now,
                sentAt: self.now, charged: Double(line.promptTokens), preemptions: line.preemptions))
    }

    mutating func nothingReady(_ id: BatchID, _ engine: EngineID, until: Instant?) {
        if let index = self.engineIndex[engine] { self.answered(index) }
        guard let place = self.batches.index(forKey: id) else { return }
        self.batches.values[place].notReady(until: until)
        self.countWaiting(id)
    }

    /// A batch with lines to send is one waiting piece of its project; one whose last lines run is none.
    mutating func countWaiting(_ id: BatchID) {
        guard let place = self.batches.index(forKey: id) else { return }
        let waits = self.batches.values[place].hasLines
        guard waits != self.batches.values[place].isCounted else { return }
        self.batches.values[place].isCounted = waits
        if waits {
            let project = self.batches.values[place].offer.project
            self.batches.values[place].account = self.counters[Lane.batch.rawValue].enter(project)
        } else {
            self.counters[Lane.batch.rawValue].leaveQueue(self.batches.values[place].account)
        }
    }

    private mutating func answered(_ index: Int) {
        self.engines[index].pulls -= 1
        precondition(self.engines[index].pulls >= 0, "a line was sent that nobody asked for")
    }
}
