/// A simulated engine with continuous batching and chunked prefill: decode first, prompts in the rest of each step.
///
/// Time is the caller's: `beginStep` says how long the next step takes, `endStep` carries it out. Between the two
/// requests may come and be cancelled; they take part from the next step on.
struct SteppedEngine: Sendable {
    struct Job: Sendable {
        let id: UInt64
        let promptTokens: Int
        let outputTokens: Int
        var chain: [UInt64] = []
        /// Prompt tokens that are in the cache whatever it remembers.
        var cachedTokens = 0
        var priority = 0
    }

    enum Outcome: Sendable, Equatable {
        case firstToken(UInt64)
        case finished(UInt64, cachedTokens: Int)
    }

    private struct Sequence {
        let job: Job
        var cachedTokens: Int
        /// Prompt tokens computed or found.
        var computed: Int
        /// The step in which it makes its first token; nil while its prompt is computed.
        var firstStep: Int?
        /// Tokens made before it was pushed out of memory.
        var madeBefore: Int
    }

    var shape: SteppedEngineShape
    private var sequences: [Sequence] = []
    private var line = EngineLine()
    private var cache: PrefixCache
    private var step = 0
    private(set) var decoding = 0
    /// Prompt and made tokens of all sequences.
    private var memory = 0
    /// The earliest step in which a decoding sequence ends.
    private var nextEnd = Int.max
    private var chunks: [(index: Int, tokens: Int)] = []
    private var promptTokensOfStep = 0
    /// Work done, marginal, nanoseconds; cancelled work included.
    private(set) var work: Int64 = 0
    private(set) var promptTokensComputed = 0
    /// Times that a sequence lost its memory to others.
    private(set) var pushedOut = 0

    init(_ shape: SteppedEngineShape) {
        self.shape = shape
        self.cache = PrefixCache(blocksMax: shape.cacheBlocks)
    }

    var runningCount: Int { self.sequences.count }
    var waitingCount: Int { self.line.count }
    var isIdle: Bool { self.sequences.isEmpty && self.line.isEmpty }

    mutating func arrive(_ job: Job) {
        let entry = EngineLine.Entry(job: job, made: 0)
        if self.shape.ordersByPriority { self.line.insertByPriority(entry) } else { self.line.append(entry) }
    }

    /// Tokens of the answer so far; nil when the engine does not have it.
    func tokensMade(_ id: UInt64) -> Int? {
        guard let sequence = self.sequences.first(where: { $0.job.id == id }) else {
            return self.line.made(id)
        }
        return self.made(sequence)
    }

    func forEachDecoding(_ body: (_ id: UInt64, _ made: Int) -> Void) {
        for sequence in self.sequences where sequence.firstStep != nil { body(sequence.job.id, self.made(sequence)) }
    }

    private func made(_ sequence: Sequence) -> Int {
        sequence.madeBefore + (sequence.firstStep.map { max(0, self.step - $0) } ?? 0)
    }

    mutating func cancel(_ id: UInt64) {
        if let place = self.sequences.firstIndex(where: { $0.job.id == id }) {
            self.remove(place)
        } else {
            _ = self.line.remove(id)
        }
    }

    private mutating func remove(_ place: Int) {
        let sequence = self.sequences.remove(at: place)
        self.memory -= sequence.job.promptTokens + self.made(sequence)
        if sequence.firstStep != nil { self.decoding -= 1 }
        self.chunks.removeAll { $0.index == place }
        for index in self.chunks.indices where self.chunks[index].index > place { self.chunks[index].index -= 1 }
        self.findNextEnd()
    }

    private mutating func findNextEnd() {
        self.nextEnd = .max
        for sequence in self.sequences {
            guard let first = sequence.firstStep else { continue }
            self.nextEnd = min(self.nextEnd, first + max(1, sequence.job.outputTokens - sequence.madeBefore))
        }
    }

    /// Takes work in and returns how long the step takes; nil when there is nothing to do.
    mutating func beginStep() -> Int64? {
        self.chunks.removeAll(keepingCapacity: true)
        self.promptTokensOfStep = 0
        var budget = self.shape.stepTokens - self.decoding
        if self.sequences.count > self.decoding {
            for index in self.sequences.indices where self.sequences[index].firstStep == nil {
                self.compute(index, &budget)
            }
        }
        while budget > 0, self.sequences.count < self.shape.slots, let entry = self.line.first,
            self.memory == 0 || self.memory + entry.job.promptTokens + entry.made <= self.shape.memoryTokens
        {
            self.line.removeFirst()
            let (job, made) = (entry.job, entry.made)
            // The last block is computed in any case: an answer needs the state of the last token.
            let known = max(self.cache.match(job.chain) * self.shape.blockTokens, job.cachedTokens)
            let found = min(known, job.promptTokens - 1)
            self.sequences.append(
                Sequence(job: job, cachedTokens: found, computed: found, firstStep: nil, madeBefore: made))
            self.memory += job.promptTokens + made
            self.compute(self.sequences.count - 1, &budget)
        }
        guard !self.sequences.isEmpty else { return nil }
        let prompts = self.shape.perPromptToken * Int64(self.promptTokensOfStep)
        return self.shape.stepBase + prompts + self.shape.perSequence * Int64(self.decoding)
    }

    private mutating func compute(_ index: Int, _ budget: inout Int) {
        guard budget > 0 else { return }
        let sequence = self.sequences[index]
        // What was made before a sequence lost its memory is computed again with the prompt.
        let tokens = min(budget, sequence.job.promptTokens + sequence.madeBefore - sequence.computed)
        self.chunks.append((index, tokens))
        // As vLLM does: blocks that this step computes are known to requests that join it.
        if sequence.computed + tokens >= sequence.job.promptTokens + sequence.madeBefore {
            self.cache.insert(sequence.job.chain)
        }
        self.promptTokensOfStep += tokens
        budget -= tokens
    }

    mutating func endStep(into outcomes: inout [Outcome]) {
        self.work += self.shape.work(promptTokens: 0, outputTokens: self.decoding)
        self.step += 1
        self.memory += self.decoding
        var computed = 0
        for (index, tokens) in self.chunks {
            self.sequences[index].computed += tokens
            computed += tokens
            let sequence = self.sequences[index]
            guard sequence.computed >= sequence.job.promptTokens + sequence.madeBefore else { continue }
            // The step that ends a prompt makes the first token too.
            self.sequences[index].firstStep = self.step - 1
            self.decoding += 1
            self.memory += 1
            self.nextEnd = min(self.nextEnd, self.step - 1 + max(1, sequence.job.outputTokens - sequence.madeBefore))
            if sequence.madeBefore == 0 { outcomes.append(.firstToken(sequence.job.id)) }
        }
        self.chunks.removeAll(keepingCapacity: true)
        self.promptTokensComputed += computed
        self.work += self.shape.work(promptTokens: computed, outputTokens: 0)
        if self.step >= self.nextEnd { self.finish(into: &outcomes) }
        while self.memory > self.shape.memoryTokens, self.sequences.count > 1 { self.pushOut() }
    }

    private mutating func finish(into outcomes: inout [Outcome]) {
        for index in self.sequences.indices.reversed() {
            let sequence = self.sequences[index]
            guard sequence.firstStep != nil, self.made(sequence) >= max(1, sequence.job.outputTokens) else { continue }
            outcomes.append(.finished(sequence.job.id, cachedTokens: sequence.cachedTokens))
            self.remove(index)
        }
    }

    /// Memory is full: the least important, last started sequence waits again and is computed anew.
    private mutating func pushOut() {
        var victim = self.sequences.count - 1
        for index in self.sequences.indices
        where self.sequences[index].job.priority > self.sequences[victim].job.priority { victim = index }
        let sequence = self.sequences[victim]
        let made = self.made(sequence)
        self.pushedOut += 1
        self.remove(victim)
        self.line.putFirst(EngineLine.Entry(job: sequence.job, made: made))
    }
}
