import Quantities
import Simulation

extension EngineModel {
    /// Goes from change to change (a prompt computed, a sequence complete) up to `target`. Between two changes the
    /// number of decoding sequences is constant, so their tokens are counted, not stepped through.
    mutating func advance(to target: Int64, into actions: inout [Action]) {
        while let next = self.nextChange(), next <= target {
            self.progress(to: next, into: &actions)
            self.settle(into: &actions)
        }
        self.progress(to: target, into: &actions)
    }

    func announceWake(into actions: inout [Action]) {
        if let next = self.nextWake() { actions.append(.wake(Instant(nanoseconds: next))) }
    }

    /// When the next sequence changes its phase.
    private func nextChange() -> Int64? {
        self.earliest { (sequence, step) in Int64(sequence.steps - sequence.done) * step - sequence.elapsed }
    }

    /// When there is something to tell: a change, or a token that somebody listens for.
    private func nextWake() -> Int64? {
        self.earliest { (sequence, step) in
            let steps = sequence.request.wantsTokens ? 1 : sequence.steps - sequence.done
            return Int64(steps) * step - sequence.elapsed
        }
    }

    /// The first moment at which a sequence is due, when decoding sequences are due after `decodingWait`.
    private func earliest(decodingWait: (Running, Int64) -> Int64) -> Int64? {
        guard !self.running.isEmpty else { return nil }
        let step = self.rates.stepNanoseconds(decoding: self.decoding)
        var first: Int64?
        for sequence in self.running {
            let due: Int64
            switch sequence.phase {
            case .awaitingPrefill: continue
            case .prefilling(let until), .delayed(let until): due = until
            // A step that has become shorter may be overdue already.
            case .decoding: due = self.now + Swift.max(0, decodingWait(sequence, step))
            }
            if due < first ?? .max { first = due }
        }
        return first
    }

    /// Gives every decoding sequence the time until `target` and counts the steps that it completes.
    private mutating func progress(to target: Int64, into actions: inout [Action]) {
        let passed = target - self.now
        guard passed >= 0 else { return }
        self.now = target
        guard self.decoding > 0 else { return }
        let step = self.rates.stepNanoseconds(decoding: self.decoding)
        for index in self.running.indices where self.running[index].phase == .decoding {
            let left = self.running[index].steps - self.running[index].done
            var complete = left
            if step > 0 {
                let elapsed = self.running[index].elapsed + passed
                complete = Int(Swift.min(Int64(left), elapsed / step))
                self.running[index].elapsed = elapsed - Int64(complete) * step
            }
            self.emit(complete, at: index, interval: step, into: &actions)
        }
    }

    private mutating func emit(_ steps: Int, at index: Int, interval: Int64, into actions: inout [Action]) {
        guard steps > 0 else { return }
        let done = self.running[index].done
        self.running[index].done = done + steps
        let request = self.running[index].request
        self.statistics.generationTokens += UInt64(request.tokens(from: done, to: done + steps))
        // The first token has no gap before it.
        let gaps = done == 0 ? steps - 1 : steps
        if gaps > 0 { self.statistics.interToken.observe(interval, times: gaps) }
        if request.wantsTokens { actions.append(.steps(request.id, count: steps)) }
    }

    /// Carries out every change that is due now, until none is left.
    mutating func settle(into actions: inout [Action]) {
        var changed: Bool
        repeat {
            changed = self.settlePhases(into: &actions)
            changed = self.fillSlots() || changed
            changed = self.startPrefill() || changed
        } while changed
    }

    private mutating func settlePhases(into actions: inout [Action]) -> Bool {
        var changed = false
        var index = 0
        while index < self.running.count {
            switch self.running[index].phase {
            case .prefilling(let until) where until <= self.now:
                self.remember(index)
                let delay = self.firstTokenDelay(self.running[index])
                self.running[index].phase = .delayed(until: self.now + delay)
                changed = true
                continue
            case .delayed(let until) where until <= self.now:
                self.beginDecoding(index, into: &actions)
                changed = true
                continue
            case .decoding where self.running[index].done >= self.running[index].steps:
                let sequence = self.running[index]
                self.leave(index)
                self.statistics.finished += 1
                actions.append(.finished(sequence.request.id, cachedTokens: sequence.cachedTokens))
                changed = true
                continue
            default: index += 1
            }
        }
        return changed
    }

    private mutating func beginDecoding(_ index: Int, into actions: inout [Action]) {
        self.running[index].phase = .decoding
        self.decoding += 1
        guard self.running[index].steps > 0 else { return }
        self.statistics.firstToken.observe(self.now - self.running[index].arrivedAt)
        let isInstant = self.rates.stepNanoseconds(decoding: self.decoding) == 0
        self.emit(isInstant ? self.running[index].steps : 1, at: index, interval: 0, into: &actions)
    }

    /// What passes between the computed prompt and the first token: the latency, and for a slowed request the rest of
    /// `factor` times the normal time, which counts as at least `slowedFirstTokenMin` in all.
    private func firstTokenDelay(_ sequence: Running) -> Int64 {
        let latency = self.rates.latency.nanosecondsClamped
        let factor = sequence.request.firstTokenFactor
        guard factor > 1 else { return latency }
        let slowed = Swift.max(factor * (sequence.prefillNanoseconds + latency), Self.slowedFirstTokenMin)
        return slowed - sequence.prefillNanoseconds
    }

    /// An engine without latency is slowed too: nanoseconds.
    static var slowedFirstTokenMin: Int64 { 100_000_000 }

    private mutating func fillSlots() -> Bool {
        var changed = false
        while self.running.count < self.rates.slots, let next = self.waiting.popFirst() {
            self.start(next.request, arrivedAt: next.arrivedAt)
            changed = true
        }
        return changed
    }

    private mutating func startPrefill() -> Bool {
        var candidate: Int?
        for index in self.running.indices {
            switch self.running[index].phase {
            case .prefilling: return false
            case .awaitingPrefill: candidate = candidate ?? index
            case .delayed, .decoding: continue
            }
        }
        guard let candidate else { return false }
        self.lookUp(candidate)
        let sequence = self.running[candidate]
        let duration = self.rates.prefillNanoseconds(sequence.request.promptTokens - sequence.cachedTokens)
        self.running[candidate].prefillNanoseconds = duration
        self.running[candidate].phase = .prefilling(until: self.now + duration)
        return true
    }

    /// Gives the request a slot.
    mutating func start(_ request: ModelRequest, arrivedAt: Int64) {
        var sequence = Running(request: request, arrivedAt: arrivedAt, steps: request.steps)
        if self.rates.cacheScope == .slot,
            let taken = self.slotCaches.take(for: request.chain, wanted: request.slot)
        {
            sequence.slot = taken.slot
            sequence.cachedTokens = taken.matched * self.rates.blockTokens
        }
        self.statistics.queueTime.observe(self.now - arrivedAt)
        self.running.append(sequence)
    }

    /// Finds out what the cache knows of a prompt, at the last moment: the prompts before it are in there by now.
    private mutating func lookUp(_ index: Int) {
        guard self.rates.cacheScope != .off else { return }
        let request = self.running[index].request
        if self.rates.cacheScope == .global {
            self.running[index].cachedTokens = self.cache.match(request.chain) * self.rates.blockTokens
        }
        let cached = Swift.max(0, Swift.min(self.running[index].cachedTokens, request.promptTokens - 1))
        self.running[index].cachedTokens = cached
        self.statistics.cacheQueries += UInt64(request.promptTokens)
        self.statistics.cacheHits += UInt64(cached)
    }

    private mutating func remember(_ index: Int) {
        let sequence = self.running[index]
        self.statistics.promptTokens += UInt64(sequence.request.promptTokens)
        switch self.rates.cacheScope {
        case .off: break
        case .global: self.cache.insert(sequence.request.chain)
        case .slot: self.slotCaches.remember(sequence.request.chain, in: sequence.slot)
        }
    }

    mutating func leave(_ index: Int) {
        let sequence = self.running.remove(at: index)
        if sequence.phase == .decoding { self.decoding -= 1 }
        if self.rates.cacheScope == .slot { self.slotCaches.free(sequence.slot) }
    }
}
