import Simulation
package import Quantities

/// A model of a continuously batching engine: slots, a waiting line, prefill, decode and a prefix cache.
///
/// It holds no clock, task or socket: events come with the time, answers are actions. Time must not run backwards; a
/// late tick gives what every tick in between would have given.
///
/// - Slots are given in order of arrival. A request keeps its slot until it is finished or cancelled.
/// - Prompts are computed one after another, in the order in which they got their slots, at the prefill rate; what the
///   cache knows is skipped, but at least one token is always computed. Computing the prompt yields the first token.
/// - Every decoding sequence yields a token per step. The step's length follows from the number of decoding sequences
///   (`EngineRates.stepNanoseconds`); when the number changes, steps under way keep the time that they have had.
/// - A prompt enters the cache when it has been computed, a cancelled one never.
///
/// Invariant: `running.count <= rates.slots`, and the line is empty while a slot is free.
package struct EngineModel: Sendable {
    package enum Action: Hashable, Sendable {
        /// More decoding steps of a request are complete (only for requests that want to hear of tokens).
        case steps(UInt64, count: Int)
        /// The request is complete, all its tokens included, and its slot free.
        case finished(UInt64, cachedTokens: Int)
        /// Nothing else happens before this moment unless an event comes; call `tick` then.
        case wake(Instant)
    }

    enum Phase: Hashable, Sendable {
        case awaitingPrefill
        case prefilling(until: Int64)
        /// Computed; the first token comes at this time.
        case delayed(until: Int64)
        case decoding
    }

    struct Running: Sendable {
        let request: ModelRequest
        let arrivedAt: Int64
        let steps: Int
        var slot = 0
        var cachedTokens = 0
        var phase = Phase.awaitingPrefill
        var prefillNanoseconds: Int64 = 0
        /// Steps complete.
        var done = 0
        /// Time spent on the step under way.
        var elapsed: Int64 = 0
    }

    package let rates: EngineRates
    package internal(set) var statistics = EngineStatistics()
    var now: Int64
    var running: [Running] = []
    var waiting = WaitingLine()
    var cache: PrefixCache
    var slotCaches: SlotCaches
    /// Sequences in phase `decoding`.
    var decoding = 0

    package init(rates: EngineRates, now: Instant) {
        self.rates = rates
        self.now = now.nanoseconds
        self.cache = PrefixCache(blocksMax: rates.cacheScope == .global ? rates.cacheBlocks : 0)
        self.slotCaches = SlotCaches(slots: rates.cacheScope == .slot ? rates.slots : 0)
    }

    package var runningCount: Int { self.running.count }
    package var waitingCount: Int { self.waiting.count }

    /// The part of the cache's blocks that running sequences occupy, 0 to 1.
    package var memoryUse: Double {
        let tokens = self.running.reduce(0) { $0 + $1.request.promptTokens + $1.request.tokens(from: 0, to: $1.done) }
        return min(1, Double(tokens) / Double(self.rates.cacheBlocks * self.rates.blockTokens))
    }

    /// Takes a request in; false when the line is full.
    package mutating func arrive(_ request: ModelRequest, now: Instant, into actions: inout [Action]) -> Bool {
        self.advance(to: now.nanoseconds, into: &actions)
        guard self.running.count < self.rates.slots || self.waiting.count < self.rates.waitingMax else {
            self.statistics.refused += 1
            self.announceWake(into: &actions)
            return false
        }
        if self.running.count < self.rates.slots {
            self.start(request, arrivedAt: self.now)
        } else {
            self.waiting.append(request, arrivedAt: self.now)
        }
        self.settle(into: &actions)
        self.announceWake(into: &actions)
        return true
    }

    /// Drops a request wherever it is; its slot is free at once. Unknown ids are ignored: they have finished.
    package mutating func cancel(_ id: UInt64, now: Instant, into actions: inout [Action]) {
        self.advance(to: now.nanoseconds, into: &actions)
        if self.waiting.remove(id) {
            self.statistics.cancelled += 1
        } else if let index = self.running.firstIndex(where: { $0.request.id == id }) {
            self.statistics.cancelled += 1
            self.leave(index)
            self.settle(into: &actions)
        }
        self.announceWake(into: &actions)
    }

    /// Lets time pass.
    package mutating func tick(now: Instant, into actions: inout [Action]) {
        self.advance(to: now.nanoseconds, into: &actions)
        self.announceWake(into: &actions)
    }
}
