import Quantities

/// What the scheduler holds at one engine, and the three limits that steer it.
struct EngineLoad: Sendable {
    var profile: EngineProfile
    var isAvailable = true
    /// Background work waits for a cheaper hour until then.
    var heldUntil: Instant?
    var capacity: CapacityController
    var background: BackgroundController
    var reserve: ReserveController

    var interactive = 0
    var flex = 0
    var lines = 0
    /// Lines asked for that their batch has not answered for yet.
    var pulls = 0
    var interactiveBeforeFirst: [WorkKey: Instant] = [:]
    var linesBeforeFirst = 0
    var flexBeforeFirst = 0
    /// Since when no prompt has been computed; nil: one is.
    var settledAt: Instant?
    /// Prompt and expected output of everything in flight.
    var tokens = 0
    /// Flex requests and lines in flight, from which a victim may be chosen.
    var backgroundKeys: Set<WorkKey> = []
    var interactiveSeenAt: Instant?
    /// Whose batch was asked last; the next line comes from this project again while fairness allows.
    var lastProject: ProjectID?
    /// Whose turn it is not among flex requests and promoted batches.
    var lastWasFlex = false
    /// Since when background work could have had more places, what was in flight then, and what B was.
    var stalled: (since: Instant, count: Int, places: Int)?

    private let knownSince: Instant

    init(_ profile: EngineProfile, now: Instant) {
        self.profile = profile
        self.knownSince = now
        self.capacity = CapacityController(profile, now: now)
        self.background = BackgroundController(profile.protection, now: now)
        self.reserve = ReserveController(limit: profile.limitStart, now: now)
    }

    var backgroundCount: Int { self.flex + self.lines + self.pulls }
    var inFlight: Int { self.interactive + self.backgroundCount }
    var limit: Int { max(1, Int(self.capacity.limit)) }

    /// Requests in flight over the limit.
    var load: Double { Double(self.inFlight) / Double(self.limit) }

    /// Requests past their first token.
    var decoding: (interactive: Int, background: Int) {
        (
            max(0, self.interactive - self.interactiveBeforeFirst.count),
            max(0, self.flex + self.lines - self.linesBeforeFirst - self.flexBeforeFirst)
        )
    }

    var isComputingPrompts: Bool {
        !self.interactiveBeforeFirst.isEmpty || self.linesBeforeFirst > 0 || self.flexBeforeFirst > 0
    }

    /// Keeps `settledAt` true after what is before its first token has changed.
    mutating func settle(_ now: Instant) {
        if self.isComputingPrompts { self.settledAt = nil } else if self.settledAt == nil { self.settledAt = now }
    }

    mutating func observe(gap: Duration, now: Instant) {
        guard let settledAt, now.since(settledAt) >= gap else { return }
        let decoding = self.decoding
        self.background.observe(gap: gap, sequences: decoding.interactive + decoding.background)
    }

    func isOpen(_ now: Instant) -> Bool {
        self.isAvailable && (self.capacity.closedUntil.map { $0 <= now } ?? true)
    }

    /// A request larger than the memory runs alone, or it would never run.
    func holds(_ tokens: Int) -> Bool {
        guard let memory = self.profile.memoryTokens else { return true }
        return self.inFlight == 0 || self.tokens + tokens <= memory / 10 * 9
    }

    func hasInteractiveRoom(_ tokens: Int, now: Instant) -> Bool {
        self.isOpen(now) && self.inFlight < self.limit && self.holds(tokens)
    }

    func hasBackgroundRoom(_ rank: Rank, now: Instant) -> Bool {
        guard self.isOpen(now), self.isQuiet(now) || self.backgroundCount < self.background.places else { return false }
        let reserved = rank == .critical ? 0 : self.reserve.places
        return self.inFlight < max(1, self.limit - reserved)
    }

    /// Room beyond the limit, for interactive requests at an engine whose limit is a guess: nobody else is sent there.
    func hasRoomBeyondGuess(_ tokens: Int, now: Instant) -> Bool {
        self.profile.isGuess && self.isOpen(now) && self.inFlight < self.profile.limitMax && self.holds(tokens)
    }

    /// Interactive requests were there at this moment or shortly before.
    func isShared(_ now: Instant) -> Bool {
        guard self.interactive == 0 else { return true }
        return self.interactiveSeenAt.map { now.since($0) < Self.sharedFor } ?? false
    }

    static let sharedFor: Duration = .seconds(1)

    /// No interactive request has been here for a while: there is nobody to protect, and nothing to hold back for.
    func isQuiet(_ now: Instant) -> Bool {
        guard self.interactive == 0 else { return false }
        return now.since(self.interactiveSeenAt ?? self.knownSince) >= Self.quietAfter
    }

    static let quietAfter: Duration = .seconds(60)

    /// The longest time that one interactive request keeps lines back before its first token.
    static let gateMax: Duration = .seconds(5)

    /// Lines are not sent into the prefill of interactive requests, and one after the other while these are about. An
    /// engine that is not ours computes prompts side by side; there is nothing to protect.
    func opensForLines(_ now: Instant) -> Bool {
        guard self.profile.isOwned, !self.isQuiet(now) else { return true }
        if case .none = self.profile.protection { return true }
        for sentAt in self.interactiveBeforeFirst.values where now.since(sentAt) < Self.gateMax { return false }
        return !self.isShared(now) || self.linesBeforeFirst + self.pulls == 0
    }

    mutating func tick(now: Instant) {
        self.capacity.tick(inFlight: self.inFlight, now: now)
        self.reserve.tick(now: now)
        let decoding = self.decoding
        self.background.tick(
            BackgroundController.Mixture(
                interactive: decoding.interactive, background: decoding.background,
                backgroundInFlight: self.backgroundCount, isShared: self.isShared(now),
                room: Double(self.limit - self.reserve.places)),
            now: now)
    }
}
