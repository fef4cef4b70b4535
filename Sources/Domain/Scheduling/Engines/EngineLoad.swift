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
    var overload = Overload()

    var interactive = 0
    var flex = 0
    var lines = 0
    /// Lines asked for that their batch has not answered for yet.
    var pulls = 0
    /// When a line was asked for last.
    var pulledAt: Instant?
    var interactiveBeforeFirst: [WorkKey: Instant] = [:]
    var linesBeforeFirst = 0
    var flexBeforeFirst = 0
    /// Since when no prompt has been computed; nil: one is.
    var settledAt: Instant?
    /// Prompt and expected output of everything in flight.
    var tokens = 0
    /// It says how far it is with the prompts of lines.
    var tellsPrompts = false
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
        self.background = BackgroundController(profile.protection, start: Self.backgroundStart(profile), now: now)
        self.reserve = ReserveController(
            limit: profile.limitStart, isCareful: profile.protection.isCareful, now: now)
    }

    /// An engine that is known to have few places gets them all: who needs one takes it back, and to fill it step by
    /// step would cost more than that.
    private static func backgroundStart(_ profile: EngineProfile) -> Double {
        let places = Double(profile.limitStart)
        return !profile.isGuess && places <= 2 * BackgroundController.start ? places : BackgroundController.start
    }

    /// The engine is described anew: what was learnt of it is kept as far as it still holds.
    mutating func describe(_ profile: EngineProfile) {
        guard self.profile != profile else { return }
        self.tellsPrompts = false
        self.capacity.describe(profile)
        self.background.protect(profile.protection)
        self.reserve.protect(isCareful: profile.protection.isCareful)
        if profile.limitStart != self.profile.limitStart { self.reserve.resize(limit: profile.limitStart) }
        self.profile = profile
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

    private var sequences: Int { self.decoding.interactive + self.decoding.background }

    var isComputingPrompts: Bool {
        !self.interactiveBeforeFirst.isEmpty || self.linesBeforeFirst > 0 || self.flexBeforeFirst > 0
    }

    /// Keeps `settledAt` true after what is before its first token has changed.
    mutating func settle(_ now: Instant) {
        if self.isComputingPrompts { self.settledAt = nil } else if self.settledAt == nil { self.settledAt = now }
    }

    mutating func observe(gap: Duration, now: Instant) {
        guard let settledAt, now.since(settledAt) >= gap else { return }
        self.background.observe(gap: gap, sequences: self.sequences)
    }

    mutating func begin(_ work: Running, now: Instant) {
        self.tokens += work.sizeTokens
        switch work.lane {
        case .priority, .standard:
            self.interactive += 1
            self.interactiveBeforeFirst[work.key] = now
            self.interactiveSeenAt = now
        case .flex:
            self.flex += 1
            self.flexBeforeFirst += 1
            self.backgroundKeys.insert(work.key)
        case .batch:
            self.lines += 1
            self.linesBeforeFirst += 1
            self.backgroundKeys.insert(work.key)
        }
        self.settle(now)
    }

    mutating func firstToken(of work: Running, after seconds: Double, now: Instant) {
        self.overload.answered(limit: self.limit, now)
        self.capacity.firstToken(after: seconds, promptTokens: work.promptTokens, now: now)
        switch work.lane {
        case .priority, .standard:
            self.interactiveBeforeFirst[work.key] = nil
            self.background.observe(
                firstToken: now.seconds(since: work.arrivedAt), sequences: self.sequences, now: now)
        case .flex: self.flexBeforeFirst -= 1
        case .batch: self.linesBeforeFirst -= 1
        }
        self.settle(now)
    }

    /// A request has its whole answer; it is off the engine already.
    mutating func answered(_ work: Running, outputTokens: Int, now: Instant) {
        self.capacity.finished(after: now.seconds(since: work.sentAt))
        guard work.lane.isInteractive, outputTokens > 1, let first = work.firstTokenAt, now > first else { return }
        self.background.observe(
            answerGap: now.seconds(since: first) / Double(outputTokens - 1), sequences: self.sequences + 1, now: now)
    }

    mutating func end(_ work: Running, now: Instant) {
        self.tokens -= work.sizeTokens
        let isComputing = work.firstTokenAt == nil
        switch work.lane {
        case .priority, .standard:
            self.interactive -= 1
            if isComputing { self.interactiveBeforeFirst[work.key] = nil }
            self.interactiveSeenAt = now
        case .flex:
            self.flex -= 1
            if isComputing { self.flexBeforeFirst -= 1 }
            self.backgroundKeys.remove(work.key)
        case .batch:
            self.lines -= 1
            if isComputing { self.linesBeforeFirst -= 1 }
            self.backgroundKeys.remove(work.key)
        }
        precondition(self.interactive >= 0 && self.flex >= 0 && self.lines >= 0, "more ended than began")
        self.settle(now)
    }

    /// The engine had no room for this; it is off the engine already.
    mutating func refused(retryAfter: Duration?, isBackground: Bool, now: Instant) {
        self.capacity.refused(retryAfter: retryAfter, now: now)
        self.overload.refused(left: isBackground ? self.backgroundCount : nil, now)
    }

    /// Only background work is held back, however long the engine asks to be left alone: requests at its standard price
    /// share neither its room for flex nor the wait for it.
    mutating func refusedFlex(now: Instant) { self.overload.refused(left: self.backgroundCount, now) }

    mutating func unreached(now: Instant) { self.overload.unreached(left: self.backgroundCount, now) }

    /// One that was away has nothing of what it refused any more.
    mutating func set(available isAvailable: Bool) {
        if isAvailable, !self.isAvailable {
            self.overload = Overload()
            self.capacity.reopen()
        }
        self.isAvailable = isAvailable
    }

    /// It refuses everything, or has asked not to be sent anything.
    func isRefusing(_ now: Instant) -> Bool {
        self.overload.isComplete || self.closedUntil(for: .batch, now) != nil
    }

    /// Until when it has asked not to be sent such work; nil: it takes it.
    func closedUntil(for lane: Lane, _ now: Instant) -> Instant? {
        let until = lane.isInteractive ? self.capacity.closedUntil : self.capacity.backgroundClosedUntil
        return until.flatMap { $0 > now ? $0 : nil }
    }

    /// It can be reached, and makes tokens of what it has or has not refused the last request.
    func serves(_ now: Instant) -> Bool {
        self.isAvailable && (self.sequences > 0 || !(self.overload.hasRefused || self.isRefusing(now)))
    }

    /// Interactive work at least: it is closed for background work whenever it is for that, and longer.
    func isOpen(_ now: Instant) -> Bool { self.isOpen(for: .standard, now) }

    func isOpen(for lane: Lane, _ now: Instant) -> Bool {
        self.isAvailable && self.closedUntil(for: lane, now) == nil
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
        guard self.takes(.flex, now), self.isLeftAlone(now) || self.backgroundCount < self.background.places
        else { return false }
        return rank == .critical ? self.inFlight < self.limit : self.hasPlaces(for: .flex)
    }

    /// It is not closed, and refuses no such work.
    func takes(_ lane: Lane, _ now: Instant) -> Bool {
        guard self.isOpen(for: lane, now) else { return false }
        return lane.isInteractive || self.overload.places(now).map { self.backgroundCount < $0 } ?? true
    }

    /// Fewer requests than it bears, less what is kept free of background work.
    func hasPlaces(for lane: Lane) -> Bool {
        self.inFlight < max(1, self.limit - (lane.isInteractive ? 0 : self.reserve.places))
    }

    /// Nobody has come for so long that B, which protects who does, says nothing. A fixed number holds at any time.
    private func isLeftAlone(_ now: Instant) -> Bool {
        if case .fixed = self.profile.protection { return false }
        return self.isQuiet(now, for: self.isHalved ? Self.quietAfterCareful : Self.quietAfter)
    }

    /// Nothing of this lane can be sent here before something ends. What B or a gate keeps back is another matter.
    func isFull(for lane: Lane) -> Bool {
        guard lane.isInteractive else { return !self.hasPlaces(for: lane) }
        // Background work of our own engines makes room.
        guard !self.profile.isOwned || self.backgroundKeys.isEmpty else { return false }
        return self.inFlight >= (self.isGuess ? self.profile.limitMax : self.limit)
    }

    /// A careful profile has in flight what it may have, whatever is free.
    var isHeldBack: Bool {
        self.isHalved && Double(self.backgroundCount) + 1 >= Double(self.limit) * BackgroundController.carefulShare
    }

    private var isHalved: Bool {
        self.profile.protection.isCareful && self.capacity.limit >= BackgroundController.dividedFrom
    }

    /// Room beyond the limit, for interactive requests at an engine whose limit is a guess: nobody else is sent there.
    func hasRoomBeyondGuess(_ tokens: Int, now: Instant) -> Bool {
        self.isGuess && self.isOpen(now) && self.inFlight < self.profile.limitMax && self.holds(tokens)
    }

    /// Nobody told its limit, and it was not seen full.
    private var isGuess: Bool { self.profile.isGuess && !self.capacity.isMeasured }

    /// Interactive requests were there at this moment or shortly before.
    func isShared(_ now: Instant) -> Bool {
        guard self.interactive == 0 else { return true }
        return self.interactiveSeenAt.map { now.since($0) < Self.sharedFor } ?? false
    }

    static let sharedFor: Duration = .seconds(1)

    /// No interactive request has been here for a while: there is nobody to protect, and nothing to hold back for.
    func isQuiet(_ now: Instant, for time: Duration = Self.quietAfter) -> Bool {
        guard self.interactive == 0 else { return false }
        return now.since(self.interactiveSeenAt ?? self.knownSince) >= time
    }

    static let quietAfter: Duration = .seconds(60)
    /// After that a careful profile, too, takes it that nobody comes soon: a burst would meet a full engine.
    static let quietAfterCareful: Duration = .seconds(600)

    /// The longest time that one interactive request keeps lines back before its first token.
    static let gateMax: Duration = .seconds(30)

    /// Lines are not sent into the prefill of interactive requests, and one after the other while these are about. An
    /// engine that is not ours computes prompts side by side; there is nothing to protect.
    func opensForLines(_ now: Instant) -> Bool {
        guard self.profile.isOwned, !self.isQuiet(now) else { return true }
        if case .none = self.profile.protection { return true }
        for sentAt in self.interactiveBeforeFirst.values where now.since(sentAt) < Self.gateMax { return false }
        let computing = self.linesBeforeFirst + self.pulls
        if self.isShared(now) { return computing < self.promptsBesideStreams }
        // Where nobody has come yet nobody is kept waiting; B still grows step by step.
        return self.interactiveSeenAt == nil || computing < max(1, Int(self.capacity.limit) / 4)
    }

    /// How often a line of a late batch is sent in spite of the gate, at most.
    static let latePace: Duration = .seconds(1)

    /// The gate for a batch of this rank. Where interactive prompts never end it would be shut for good: a late batch
    /// then gets one prompt at a time past it, and one a second.
    func opensForLines(_ rank: Rank, _ now: Instant) -> Bool {
        if self.opensForLines(now) { return true }
        guard rank == .critical, self.linesBeforeFirst + self.pulls == 0 else { return false }
        return self.pulledAt.map { now.since($0) >= Self.latePace } ?? true
    }

    /// Prompts of lines that may be computed at one time while interactive streams run: one, or two to fill up what a
    /// closed gate has emptied, unless the profile is careful.
    private var promptsBesideStreams: Int {
        guard case .gapRatio = self.profile.protection, !self.profile.protection.isCareful else { return 1 }
        return self.backgroundCount * 4 < min(self.background.places, self.limit) * 3 ? 2 : 1
    }

    /// - Parameter isHolding: interactive requests wait for it.
    mutating func tick(isHolding: Bool, now: Instant) {
        self.capacity.tick(
            inFlight: self.inFlight, isShared: self.isShared(now), isHolding: isHolding, now: now)
        self.reserve.tick(now: now)
        self.overload.tick(limit: self.limit, now)
        let decoding = self.decoding
        self.background.tick(
            BackgroundController.Mixture(
                interactive: decoding.interactive, background: decoding.background,
                backgroundInFlight: self.backgroundCount, isShared: self.isShared(now),
                room: Double(self.limit - self.reserve.places), limit: Double(self.limit)),
            now: now)
    }
}
