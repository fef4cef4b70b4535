public import Quantities

/// How many requests an engine bears at one time (L): additive increase, multiplicative decrease.
///
/// With the engine's own waiting count the rule is simple: it should be about one. Without it, the time to the first
/// token tells, against the least one seen for a prompt of about that size (scheduling.md 8.2: 97 to 99 % of the best
/// fixed limit; Vegas and Gradient2 on latency reach 19 and 50 %). A count that is older than `sampleAgeMax` is not
/// used: an engine is never taken for full because it is silent.
public struct CapacityController: Sendable {
    /// Which signal the limit follows at present.
    public enum Source: String, Sendable { case waiting, firstToken = "first_token", fixed }

    package static let interval: Duration = .seconds(1)
    package static let sampleAgeMax: Duration = .seconds(5)
    /// A first token that took this many times the least seen for its size has waited.
    package static let ratioMax = 3.0
    package static let ratiosMin = 8
    package static let probeEvery: Duration = .seconds(15)
    package static let probeEveryAlone: Duration = .seconds(1)
    package static let patience = 15
    package static let patienceAlone = 5
    /// Requests that may wait in the engine while only background work is there.
    package static let waitingAlone = 2

    public private(set) var limit: Double
    public private(set) var source: Source
    package private(set) var limitMax: Double
    package private(set) var isFixed: Bool
    /// The limit began as a guess, which interactive requests pass.
    private(set) var isGuess: Bool
    private var sample: EngineSample?
    private var buckets = FirstTokenBuckets()
    private var ratios: [Double] = []
    private var decidedAt: Instant
    /// What it worked on when requests last waited in it.
    private var ceiling = Double.infinity
    private var probedAt: Instant?
    /// The highest limit that was reached without anybody waiting.
    private var proven: Double
    /// Samples on end at which requests waited.
    private var waitedFor = 0
    private var mostRunning = 0.0
    private var shrunkAt: Instant?
    /// Mean time of a request, for the rule "at most one cut per request's time".
    private var requestSeconds = 1.0
    /// Nothing is sent before: the engine said so.
    public private(set) var closedUntil: Instant?
    /// No background work is sent before; it has more time than `closedMax`.
    public private(set) var backgroundClosedUntil: Instant?
    /// The longest time for which interactive requests are held back. One a minute hears the engine's own answer: the
    /// limit that it has told may be that of one model, or be raised meanwhile.
    static let closedMax: Duration = .seconds(60)
    static let backgroundClosedMax: Duration = .seconds(3_600)

    package init(_ profile: EngineProfile, now: Instant) {
        self.limit = Double(profile.limitStart)
        self.proven = Double(profile.limitStart)
        self.limitMax = Double(profile.limitMax)
        self.isFixed = profile.isFixed
        self.isGuess = profile.isGuess
        self.source = profile.isFixed ? .fixed : .firstToken
        self.decidedAt = now
    }

    /// The engine is described anew. What was learnt of it still holds, within the new bounds.
    package mutating func describe(_ profile: EngineProfile) {
        if self.isFixed || profile.isFixed {
            self.limit = Double(profile.limitStart)
            self.proven = self.limit
            self.source = profile.isFixed ? .fixed : .firstToken
        }
        self.limitMax = Double(profile.limitMax)
        self.isFixed = profile.isFixed
        self.isGuess = profile.isGuess
        self.limit = min(self.limit, self.limitMax)
        self.proven = min(self.proven, self.limitMax)
    }

    package mutating func observe(_ sample: EngineSample) { self.sample = sample }

    /// The limit is no longer a guess: the engine tells how many wait in it, and has been full.
    var isMeasured: Bool { self.source == .waiting && self.ceiling < .infinity }

    /// When the engine last told how busy it is.
    var sampledAt: Instant? { self.sample?.at }

    package mutating func firstToken(after seconds: Double, promptTokens: Int, now: Instant) {
        guard let ratio = self.buckets.observe(seconds, promptTokens: promptTokens, now: now) else { return }
        if self.ratios.count >= 64 { self.ratios.removeFirst(32) }
        self.ratios.append(ratio)
    }

    package mutating func finished(after seconds: Double) {
        self.requestSeconds += 0.05 * (seconds - self.requestSeconds)
    }

    /// The engine refused work for want of room.
    package mutating func refused(retryAfter: Duration?, now: Instant) {
        if let retryAfter, retryAfter > .zero {
            let until = now.advanced(by: min(retryAfter, Self.closedMax))
            self.closedUntil = max(self.closedUntil ?? until, until)
            let backgroundUntil = now.advanced(by: min(retryAfter, Self.backgroundClosedMax))
            self.backgroundClosedUntil = max(self.backgroundClosedUntil ?? backgroundUntil, backgroundUntil)
        }
        guard !self.isFixed else { return }
        let pause = Duration.seconds(max(1, self.requestSeconds))
        if let last = self.shrunkAt, now.since(last) < pause { return }
        self.shrunkAt = now
        self.limit = max(1, self.limit * 0.7)
    }

    /// What the engine asked for before it was away holds no more.
    mutating func reopen() {
        self.closedUntil = nil
        self.backgroundClosedUntil = nil
    }

    /// - Parameters:
    ///   - inFlight: requests at the engine now.
    ///   - isShared: interactive requests are there; without them too high a limit slows nobody, and it grows faster.
    ///   - isHolding: interactive requests wait for this limit.
    package mutating func tick(inFlight: Int, isShared: Bool = true, isHolding: Bool = false, now: Instant) {
        if let closed = self.closedUntil, closed <= now { self.closedUntil = nil }
        if let closed = self.backgroundClosedUntil, closed <= now { self.backgroundClosedUntil = nil }
        guard !self.isFixed, now.since(self.decidedAt) >= Self.interval else { return }
        self.decidedAt = now
        if let sample, now.since(sample.at) <= Self.sampleAgeMax {
            self.source = .waiting
            self.follow(sample, inFlight: inFlight, isShared: isShared, isHolding: isHolding, now: now)
        } else {
            self.source = .firstToken
            self.followFirstTokens(inFlight: inFlight, isShared: isShared)
        }
        self.limit = min(self.limitMax, max(1, self.limit))
    }

    /// Down while requests wait for a slot inside the engine, not below what it works on: so much it can bear. Up
    /// quickly to where it was full before, beyond that one at a time and seldom: each such probe makes somebody wait.
    ///
    /// Not all that waits wants a slot. One that came in the middle of a step waits for its end, in an idle engine
    /// too; and a burst of prompts is computed bit by bit while slots are free. So the engine counts as full when
    /// requests wait at two samples on end with as many running as ever, or at many samples whatever runs. While only
    /// background work is there, two may always wait: so the engine never idles between them.
    private mutating func follow(
        _ sample: EngineSample, inFlight: Int, isShared: Bool, isHolding: Bool, now: Instant
    ) {
        self.mostRunning = max(Double(sample.running), self.mostRunning * 0.97)
        let isCrowded = Double(sample.running) >= 0.9 * self.mostRunning
        let tolerated = isShared ? 0 : Self.waitingAlone
        self.waitedFor = sample.waiting > tolerated ? self.waitedFor + 1 : 0
        // A probe that makes somebody wait has told what it was sent for.
        let patience = !isCrowded ? (isShared ? Self.patience : Self.patienceAlone) : self.limit > self.ceiling ? 1 : 2
        if self.waitedFor >= patience, Double(inFlight) + 1 >= self.limit.rounded(.down) {
            let lower = self.limit - max(1, Double(sample.waiting) / 2)
            // What it works on it bears, though a guess was lower.
            let most = self.isGuess ? max(self.limit, Double(sample.running)) : self.limit
            self.limit = min(most, max(Double(sample.running), lower))
            // A burst of prompts says nothing about slots.
            guard isCrowded else { return }
            self.ceiling = self.limit
            self.probedAt = now
        } else if sample.waiting == 0, self.isGuess, Double(inFlight) > self.limit {
            // It has more than was thought, and nobody waits.
            self.limit = Double(inFlight)
        } else if isHolding, self.isGuess, sample.waiting == 0, Double(inFlight) >= self.limit.rounded(.down) {
            // Nobody waits there and somebody does here. A burst of prompts may have looked like a full engine.
            self.limit += max(2, self.limit / 4)
        } else if sample.waiting <= tolerated / 2, Double(inFlight) >= self.limit.rounded(.down) {
            self.grow(isShared, now: now)
        }
        if self.waitedFor == 0, Double(inFlight) >= self.limit.rounded(.down) {
            self.proven = min(self.ceiling, max(self.proven, self.limit))
        }
    }

    private mutating func grow(_ isShared: Bool, now: Instant) {
        let known = min(self.ceiling, isShared ? self.proven : .infinity)
        if self.limit < known {
            self.limit += min(max(2, self.limit / 8), known - self.limit)
        } else if self.limit < self.ceiling {
            self.limit += 2
        } else if self.probedAt.map({ now.since($0) >= (isShared ? Self.probeEvery : Self.probeEveryAlone) }) ?? true {
            self.limit += 1
            self.probedAt = self.ceiling == .infinity ? nil : now
        }
    }

    private mutating func followFirstTokens(inFlight: Int, isShared: Bool) {
        guard self.ratios.count >= Self.ratiosMin else {
            if Double(inFlight) >= self.limit.rounded(.down), !self.ratios.isEmpty {
                self.limit += self.blindGrowth(isShared)
            }
            return
        }
        let median = self.ratios.sorted()[self.ratios.count / 2]
        self.ratios.removeAll(keepingCapacity: true)
        if median > Self.ratioMax {
            self.limit *= 0.9
            self.ceiling = self.limit
        } else if Double(inFlight) >= self.limit.rounded(.down) {
            self.limit = max(self.limit + self.blindGrowth(isShared), self.isGuess ? Double(inFlight) : 0)
        }
    }

    private func blindGrowth(_ isShared: Bool) -> Double {
        isShared || self.ceiling < .infinity ? 2 : max(2, self.limit / 16)
    }
}

/// The least time to the first token for prompts of about the same size; forgets what is older than ten minutes, some
/// of it after five.
package struct FirstTokenBuckets: Sendable {
    private static let keep: Duration = .seconds(300)
    private struct Least {
        var now = Double.infinity
        var before = Double.infinity
        var turnedAt: Instant?
        var count = 0
    }

    package init() {}

    private var buckets = [Least](repeating: Least(), count: 24)

    /// - Returns: this time over the least one of its bucket, or nil while the bucket is too young to tell.
    package mutating func observe(_ seconds: Double, promptTokens: Int, now: Instant) -> Double? {
        // Powers of two: what is within one takes about as long to read.
        let bits = Int.bitWidth - max(1, promptTokens / 64).leadingZeroBitCount
        let place = min(self.buckets.count - 1, bits)
        var least = self.buckets[place]
        if let turned = least.turnedAt {
            if now.since(turned) >= Self.keep {
                (least.before, least.now, least.turnedAt) = (least.now, .infinity, now)
            }
        } else {
            least.turnedAt = now
        }
        least.now = min(least.now, seconds)
        least.count += 1
        self.buckets[place] = least
        let floor = max(min(least.now, least.before), 1e-4)
        return least.count >= 3 ? seconds / floor : nil
    }
}
