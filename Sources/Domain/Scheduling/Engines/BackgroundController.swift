package import Quantities

/// How many background requests an engine may have at one time (B).
///
/// Like LEDBAT (RFC 6817), with the time between tokens in place of the queueing delay: background work backs off as
/// the gap of the streams nears its target. While no interactive request is there, nobody is slowed, so B follows the
/// engine's room.
public struct BackgroundController: Sendable {
    package static let interval: Duration = .milliseconds(500)
    /// Change in one interval at most.
    package static let stepMax = 2.0
    /// What an engine gets when nothing is known of its gaps yet.
    package static let start = 4.0
    /// Growth of B in an interval while nobody is slowed, for profiles that want the whole engine at once.
    package static let idleGrowth = 1.5
    /// Engines of fewer places are not divided: one place is much there.
    package static let dividedFrom = 16.0
    package static let carefulShare = 0.5
    package static let boldTarget = 1.4
    package static let boldShare = 0.75
    package static let objectiveGain = 5.0
    /// What is aimed at, of times that must hold.
    package static let objectiveShare = 0.96

    public private(set) var limit = Self.start
    package private(set) var protection: Protection
    private var model = GapModel()
    private var gaps: [Double] = []
    /// First tokens and mean gaps of interactive requests, in steps of the engine at that time. A step gets longer with
    /// each background request; how many of them a request waits for hardly depends on it. So what was seen minutes
    /// ago under another B still tells what this B would bring about, and B does not swing with the window's delay.
    private var firstTokens = RecentPercentile()
    private var answerGaps = RecentPercentile()
    private var decidedAt: Instant
    /// Interactive streams that decode, a mean over about ten seconds.
    private var interactive = 0.0
    /// B is this many times as large while deadlines press.
    package var urgency = 1.0

    /// - Parameter start: places to begin with, where B is steered.
    package init(_ protection: Protection, start: Double = Self.start, now: Instant) {
        self.protection = protection
        self.decidedAt = now
        self.limit = Self.start(protection, steered: start)
    }

    private static func start(_ protection: Protection, steered: Double = Self.start) -> Double {
        switch protection {
        case .fixed(let count): Double(count)
        case .none: .infinity
        case .gapRatio, .objective: steered
        }
    }

    /// Another protection from now on. How gaps follow from the number of sequences is the engine's and stays known;
    /// so does B between two protections that steer it.
    package mutating func protect(_ protection: Protection) {
        guard protection != self.protection else { return }
        switch (self.protection, protection) {
        case (.gapRatio, .gapRatio), (.gapRatio, .objective), (.objective, .gapRatio), (.objective, .objective): break
        default: self.limit = Self.start(protection)
        }
        self.protection = protection
    }

    /// - Parameter sequences: requests that decoded meanwhile. Only steps that computed no prompt are told: a longer
    ///   step is then due to their number alone.
    package mutating func observe(gap: Duration, sequences: Int) {
        self.model.observe(gap: gap.secondsApproximate, sequences: Double(sequences))
        if self.gaps.count < 256 { self.gaps.append(gap.secondsApproximate) }
    }

    /// - Parameter sequences: interactive and background requests that decode then.
    package mutating func observe(firstToken seconds: Double, sequences: Int, now: Instant) {
        guard let step = self.step(sequences) else { return }
        self.firstTokens.observe(seconds / step, now: now)
    }

    /// The mean time between two tokens of an answer that has ended.
    package mutating func observe(answerGap seconds: Double, sequences: Int, now: Instant) {
        guard let step = self.step(sequences) else { return }
        self.answerGaps.observe(seconds / step, now: now)
    }

    /// What a step takes, where that matters; before any was seen, what it may take.
    private func step(_ sequences: Int) -> Double? {
        guard case .objective(_, let gap) = self.protection else { return nil }
        let step = self.model.gap(at: Double(max(1, sequences))) ?? 0
        return step > 0 ? step : gap.secondsApproximate
    }

    package struct Mixture {
        /// Requests that decode.
        var interactive: Int
        var background: Int
        /// Background requests at the engine, decoding or not.
        var backgroundInFlight: Int
        /// An interactive request is there or was there a moment ago.
        var isShared: Bool
        /// Room for background work without this controller.
        var room: Double
        /// L, where that is known to be worth dividing.
        var limit: Double

        package init(
            interactive: Int, background: Int, backgroundInFlight: Int, isShared: Bool, room: Double,
            limit: Double = .infinity
        ) {
            self.limit = limit
            self.interactive = interactive
            self.background = background
            self.backgroundInFlight = backgroundInFlight
            self.isShared = isShared
            self.room = room
        }
    }

    package mutating func tick(_ mixture: Mixture, now: Instant) {
        guard now.since(self.decidedAt) >= Self.interval else { return }
        self.decidedAt = now
        self.interactive += 0.05 * (Double(mixture.interactive) - self.interactive)
        let sequences = Double(mixture.interactive + mixture.background)
        let gap = self.gaps.isEmpty ? self.model.gap(at: sequences) : self.gaps.sorted()[self.gaps.count / 2]
        defer { self.gaps.removeAll(keepingCapacity: true) }
        // What deadlines demand beyond the target must not teach the controller to do with less.
        guard let off = self.off(gap), self.urgency <= 1 || !mixture.isShared else { return }
        // A limit that is not reached says nothing about the room above it.
        let isReached = Double(mixture.backgroundInFlight) + 1 >= self.limit
        if mixture.isShared || self.isObjective {
            let change = min(Self.stepMax, max(-Self.stepMax, (1 - off) * self.gain))
            if change < 0 || isReached { self.limit += change }
        } else if isReached {
            self.limit = self.idleLimit
        }
        self.limit = min(max(1, self.limit), max(1, min(mixture.room, self.limitMost(mixture))))
    }

    /// A share of L that a profile does not pass. `protect` has half of it in flight at most, or a burst after a quiet
    /// time would meet a full engine; beyond three quarters, beside interactive requests, background work slows these
    /// and does not get more done.
    private func limitMost(_ mixture: Mixture) -> Double {
        guard case .gapRatio(let target) = self.protection, mixture.limit >= Self.dividedFrom else { return .infinity }
        if self.protection.isCareful { return mixture.limit * Self.carefulShare }
        return target >= Self.boldTarget && mixture.isShared ? mixture.limit * Self.boldShare : .infinity
    }

    /// The next limit while nobody is slowed. A burst of interactive requests meets what was sent before it, so careful
    /// profiles fill an idle engine step by step.
    private var idleLimit: Double {
        if case .gapRatio(let target) = self.protection, target < Self.boldTarget {
            return self.limit + 7 * (target - 1)
        }
        return max(self.limit + Self.stepMax, self.limit * Self.idleGrowth)
    }

    /// What comes next finds the engine as it is left, so times that must hold bound B while nobody is there, too,
    /// until the engine is quiet (`EngineLoad.quietAfter`).
    private var isObjective: Bool { if case .objective = self.protection { true } else { false } }

    /// Requests for a distance of one from the target. A time that must hold is a few times that of a step alone, and
    /// one more request adds a hundredth of that or less.
    private var gain: Double { self.isObjective ? Self.objectiveGain : 1 }

    /// How far the streams are from undisturbed (0) to the target (1) and beyond, or what is foretold of the slowest
    /// hundredth over the time that must hold; nil when the limit does not move.
    private func off(_ gap: Double?) -> Double? {
        switch self.protection {
        case .none, .fixed: return nil
        case .gapRatio(let target):
            guard let gap, let base = self.model.gap(at: max(1, self.interactive)), base > 0 else { return 0 }
            return (gap / base - 1) / max(0.01, target - 1)
        case .objective(let firstToken, let objective):
            let step = gap ?? objective.secondsApproximate
            let slowestFirst = (self.firstTokens.value(now: self.decidedAt) ?? 0) * step
            let slowestGap = (self.answerGaps.value(now: self.decidedAt) ?? 1) * step
            let off = max(slowestFirst / firstToken.secondsApproximate, slowestGap / objective.secondsApproximate)
            return off / Self.objectiveShare
        }
    }

    /// Background requests that may be in flight now.
    package var places: Int {
        let scaled = self.limit * self.urgency
        return scaled >= 1e6 ? 1_000_000 : max(1, Int(scaled))
    }
}
