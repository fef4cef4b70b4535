import Quantities

/// Batches: offers, pulls and their answers.
extension Scheduler {
    mutating func offered(_ offer: BatchOffer) {
        let isNews = self.batches[offer.batch] == nil
        var batch = self.batches[offer.batch] ?? OfferedBatch(offer: offer, offeredAt: self.now, askedAt: self.now)
        // A batch may come back while lines of it are still in flight.
        if isNews { batch.inFlight = self.running.values.reduce(0) { $0 + ($1.batch == offer.batch ? 1 : 0) } }
        batch.offer = offer
        batch.taken = 0
        batch.isParked = false
        batch.pausedUntil = nil
        self.batches[offer.batch] = batch
        self.countWaiting(offer.batch)
        self.reviewDeadlines(force: isNews)
    }

    mutating func withdrawn(_ id: BatchID) {
        guard let batch = self.batches.removeValue(forKey: id) else { return }
        if batch.isCounted { self.counters[Lane.batch.rawValue].leaveQueue(batch.offer.project) }
    }

    mutating func lineStarted(_ line: BatchLine, into actions: inout [SchedulerAction]) {
        guard let index = self.engineIndex[line.engine] else { return }
        self.answered(index)
        guard let batch = self.batches[line.batch] else {
            // Withdrawn between question and answer: the driver takes it back.
            actions.append(.preempt(line.key))
            return
        }
        self.batches[line.batch]?.inFlight += 1
        let offer = batch.offer
        self.counters[Lane.batch.rawValue].ran(offer.project)
        self.start(
            Running(
                key: line.key, lane: .batch, project: offer.project, pool: offer.pool, engine: index,
                promptTokens: line.promptTokens, expectedOutput: line.outputTokens, request: nil, batch: line.batch,
                arrivedAt: self.now, sentAt: self.now, charged: Double(line.promptTokens),
                preemptions: line.preemptions))
    }

    mutating func nothingReady(_ id: BatchID, _ engine: EngineID, until: Instant?) {
        if let index = self.engineIndex[engine] { self.answered(index) }
        guard var batch = self.batches[id] else { return }
        batch.taken = max(0, batch.taken - 1)
        batch.pausedUntil = until
        batch.isParked = until == nil
        self.batches[id] = batch
        self.countWaiting(id)
    }

    /// A batch with lines to send is one waiting piece of its project; one whose last lines run is none.
    mutating func countWaiting(_ id: BatchID) {
        guard let batch = self.batches[id] else { return }
        let waits = !batch.isParked && batch.offer.linesLeft > batch.taken
        guard waits != batch.isCounted else { return }
        self.batches[id]?.isCounted = waits
        if waits {
            self.counters[Lane.batch.rawValue].enter(batch.offer.project)
        } else {
            self.counters[Lane.batch.rawValue].leaveQueue(batch.offer.project)
        }
    }

    private mutating func answered(_ index: Int) {
        self.engines[index].pulls -= 1
        precondition(self.engines[index].pulls >= 0, "a line was sent that nobody asked for")
    }
}
