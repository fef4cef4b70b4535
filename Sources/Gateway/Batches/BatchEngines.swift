import Batching
package import Quantities
package import Routing
package import Scheduling
import Synchronization

/// Where batches get places for their lines: offers what they have left to the scheduler, and keeps the places that it
/// gives until their loop takes them.
public final class BatchEngines: Sendable, LineSource {
    private struct Waiter {
        let batch: BatchID
        let wake: @Sendable () -> Void
    }

    /// What the scheduler knows of a batch.
    private struct Standing {
        /// Lines that it believes are left.
        var left: Int
        /// What a line is taken to need, in units of service.
        var lineUnits: Double
        /// It asks for no line before the next offer.
        var isParked = false
        /// Lines that were told to wait for something else than places; nil: it has use for places.
        var paused: Int?
        /// Places given and not taken yet, in the order they came.
        var places: [EngineID] = []

        mutating func takePlace() -> EngineID? { self.places.isEmpty ? nil : self.places.removeFirst() }

        init(_ work: Work) {
            self.left = work.linesLeft
            self.lineUnits = work.lineUnits
        }

        /// Notes what is offered; false when the scheduler knows as much. An eighth of a line's size is no news.
        mutating func isNews(_ work: Work) -> Bool {
            let isResized = (work.lineUnits - self.lineUnits).magnitude * 8 > self.lineUnits
            if !self.isParked, self.left == work.linesLeft, !isResized { return false }
            self.left = work.linesLeft
            self.lineUnits = work.lineUnits
            self.isParked = false
            self.paused = nil
            return true
        }

        mutating func give(_ engine: EngineID) {
            self.places.append(engine)
            self.left -= 1
        }
    }

    private struct State {
        var standings: [BatchID: Standing] = [:]
        var attempts: [WorkKey: LineAttempt] = [:]
        var waiters: [Waiter] = []
        var linesInFlight = 0
        /// Batches whose engines refuse this gateway, or are away.
        var paused: [BatchID: Instant] = [:]
        /// Whom to tell that an engine is back.
        var joined: [BatchID: @Sendable (EngineID) -> Void] = [:]
    }

    package enum Choice: Sendable {
        case engine(EngineTarget, Engine)
        /// No place now; `whenFree` tells when to ask again.
        case full
        /// No engine can be used now: breakers are open, the model's too, or the credential is refused.
        case unavailable
    }

    /// What a batch has to send.
    package struct Work: Sendable {
        let batch: BatchID
        let project: ProjectID
        let model: String
        let tier: TierName
        let deadline: Instant
        let linesLeft: Int
        /// Mean size of a line, in tokens.
        let promptTokens: Int
        let outputTokens: Int

        package init(
            batch: BatchID, project: ProjectID, model: String, tier: TierName, deadline: Instant, linesLeft: Int,
            promptTokens: Int, outputTokens: Int
        ) {
            self.batch = batch
            self.project = project
            self.model = model
            self.tier = tier
            self.deadline = deadline
            self.linesLeft = linesLeft
            self.promptTokens = promptTokens
            self.outputTokens = outputTokens
        }

        fileprivate var lineUnits: Double {
            ServiceUnits.of(prompt: self.promptTokens, output: self.outputTokens)
        }
    }

    private let scheduler: WorkScheduler
    private let directory: EngineDirectory
    private let clock: any GatewayClock
    /// Lines of all batches in flight at most.
    private let linesMax: Int
    private let state = Mutex(State())

    public init(scheduler: WorkScheduler, clock: any GatewayClock, linesMax: Int = .max) {
        self.scheduler = scheduler
        self.directory = scheduler.directory
        self.clock = clock
        self.linesMax = linesMax
        scheduler.takeLines(from: self)
    }

    package func choose(_ work: Work, _ targets: [EngineTarget]) -> Choice {
        let now = self.clock.now
        guard self.isAnyAvailable(targets, now) || self.isAnyAvailable(self.noted(targets), now) else {
            return .unavailable
        }
        guard self.state.withLock({ $0.linesInFlight < self.linesMax }) else { return .full }
        var isOffered = false
        // Places at engines that refuse at the last moment are given back, and others asked for, a few times.
        for _ in 0..<Self.placesTriedMax {
            if let engine = self.takePlace(work.batch) {
                if let chosen = self.directory.admit(engine, of: targets, waits: true, now: now) {
                    self.state.withLock { $0.linesInFlight += 1 }
                    return .engine(chosen.target, chosen.engine)
                }
                self.decline(work.batch, engine)
                self.scheduler.checkHealth(engine)
                isOffered = false
                continue
            }
            guard !isOffered, self.isNews(work) else { return .full }
            isOffered = true
            self.offer(work)
        }
        return .unavailable
    }

    private static let placesTriedMax = 8

    private func isAnyAvailable(_ targets: [EngineTarget], _ now: Instant) -> Bool {
        targets.contains { self.directory.isAvailable($0, now: now) }
    }

    /// That they are away is known before a batch pauses for it: only of those is it told that they are back.
    private func noted(_ targets: [EngineTarget]) -> [EngineTarget] {
        for target in targets { self.scheduler.checkHealth(target.engine) }
        return targets
    }

    private func offer(_ work: Work, isPaused: Bool = false) {
        var offer = BatchOffer(
            batch: work.batch, project: work.project, pool: PoolID(work.model), deadline: work.deadline,
            linesLeft: work.linesLeft, promptTokens: work.promptTokens, outputTokens: work.outputTokens)
        offer.tier = work.tier
        offer.isPaused = isPaused
        self.scheduler.send(.offer(offer))
    }

    /// Answers a place without a line: the batch is asked again after its next offer.
    private func decline(_ batch: BatchID, _ engine: EngineID) {
        self.state.withLock { $0.standings[batch]?.isParked = true }
        self.scheduler.send(.nothingReady(batch, engine, until: nil))
    }

    private func takePlace(_ batch: BatchID) -> EngineID? {
        self.state.withLock { state in
            guard let index = state.standings.index(forKey: batch) else { return nil }
            return state.standings.values[index].takePlace()
        }
    }

    /// Notes what is offered; false when the scheduler knows as much.
    private func isNews(_ work: Work) -> Bool {
        self.state.withLock { state in
            if let index = state.standings.index(forKey: work.batch) {
                return state.standings.values[index].isNews(work)
            }
            state.standings[work.batch] = Standing(work)
            return true
        }
    }

    package func place(of batch: BatchID, at engine: EngineID) {
        var (isTaken, waiter) = self.give(engine, to: batch)
        if !isTaken {
            // It may have offered anew a moment ago. Were it parked by an answer that came after that offer, but knows
            // nothing of it, nobody would ask it again.
            self.scheduler.send(found: {
                (isTaken, waiter) = self.give(engine, to: batch)
                return isTaken ? nil : .nothingReady(batch, engine, until: nil)
            })
        }
        waiter?.wake()
    }

    /// - Returns: whether the batch has a use for the place, and who is to be told.
    private func give(_ engine: EngineID, to batch: BatchID) -> (isTaken: Bool, waiter: Waiter?) {
        self.state.withLock { state in
            guard let standing = state.standings.index(forKey: batch) else { return (false, nil) }
            // Asked for just before the batch said that it has no use for places: nobody would come for this one.
            guard state.standings.values[standing].left > 0 else {
                state.standings.values[standing].isParked = true
                return (false, nil)
            }
            state.standings.values[standing].give(engine)
            let index = state.waiters.firstIndex { $0.batch == batch }
            return (true, index.map { state.waiters.remove(at: $0) })
        }
    }

    package func preempted(line key: WorkKey, by: WorkIdentity?) {
        self.state.withLock { $0.attempts[key] }?.preempt(by: by)
    }

    package func reportProgress() {
        for (key, attempt) in self.state.withLock({ $0.attempts }).sorted(by: { $0.key < $1.key }) {
            self.scheduler.send(.progress(key, outputTokens: attempt.outputTokens))
        }
    }

    /// A line takes the place that was chosen; before it is sent.
    ///
    /// - Parameters:
    ///   - promptTokens: of the line, and those of them that are probably not in the engine's cache.
    ///   - preemptions: how often it lost its place before.
    func started(
        _ attempt: LineAttempt, of work: Work, promptTokens: (all: Int, uncached: Int), preemptions: Int
    ) {
        let key = self.scheduler.newKey()
        attempt.took(key, self.scheduler)
        self.state.withLock { $0.attempts[key] = attempt }
        self.scheduler.send(
            .lineStarted(
                BatchLine(
                    key: key, batch: work.batch, engine: attempt.target.engine, promptTokens: promptTokens.all,
                    uncachedTokens: promptTokens.uncached, outputTokens: work.outputTokens, preemptions: preemptions)))
    }

    func finished(_ attempt: LineAttempt, of batch: BatchID, failure: EngineFailure?, usage: WorkUsage?) {
        let engine = attempt.target.engine
        self.leave(attempt)
        self.directory.finished(
            attempt.target, of: RequestID(LineResultID.text(batch: batch, line: Int32(attempt.lease.line))),
            failure: failure, now: self.clock.now)
        if let key = attempt.key {
            if let usage {
                self.scheduler.send(.finished(key, usage))
            } else if let failure, failure.kind == .capacity {
                let isFlexOnly = attempt.tiers.asked == .flex && failure.isFlexCapacity
                let trouble = isFlexOnly ? EngineTrouble.flexFull : .capacity(retryAfter: failure.retryAfter)
                self.scheduler.send(.failed(key, trouble))
            } else {
                self.scheduler.send(.failed(key, .request))
            }
        }
        if failure != nil { self.scheduler.checkHealth(engine) }
        self.wakeIfCapped()
    }

    /// The line was taken back, by whomever: this says nothing about its engine.
    func returned(_ attempt: LineAttempt) {
        self.leave(attempt)
        self.directory.released(attempt.target, now: self.clock.now)
        if let key = attempt.key { self.scheduler.send(.gone(key)) }
        self.wakeIfCapped()
    }

    private func leave(_ attempt: LineAttempt) {
        self.state.withLock { state in
            state.linesInFlight -= 1
            if let key = attempt.key { state.attempts[key] = nil }
        }
    }

    /// A chosen place was not used.
    func released(_ batch: BatchID, _ target: EngineTarget) {
        self.state.withLock { $0.linesInFlight -= 1 }
        self.directory.released(target, now: self.clock.now)
        self.decline(batch, target.engine)
        self.wakeIfCapped()
    }

    /// Gives back the places that the batch has no use for now.
    func giveBack(_ batch: BatchID) {
        while let engine = self.takePlace(batch) { self.decline(batch, engine) }
    }

    /// The batch has no use for places until it offers again, unless it waits for one. Lines that come back meanwhile
    /// are told.
    package func park(_ work: Work) {
        let (isNews, hasPlaces) = self.state.withLock { state -> (Bool, Bool) in
            guard let index = state.standings.index(forKey: work.batch) else { return (false, false) }
            let standing = state.standings.values[index]
            let isIdle = !standing.isParked && standing.left != 0
            let isOther = standing.paused.map { $0 != work.linesLeft } ?? false
            let isNews = (isIdle || isOther) && !state.waiters.contains { $0.batch == work.batch }
            if isNews {
                state.standings.values[index].left = 0
                state.standings.values[index].paused = work.linesLeft
            }
            return (isNews, !standing.places.isEmpty)
        }
        if isNews { self.offer(work, isPaused: true) }
        if isNews || hasPlaces { self.giveBack(work.batch) }
    }

    /// The batch sends nothing more.
    func withdraw(_ batch: BatchID) {
        // In one step: a place that comes later finds no standing, and is given back by `place`.
        let places = self.state.withLock { state -> [EngineID] in
            state.waiters.removeAll { $0.batch == batch }
            state.paused[batch] = nil
            state.joined[batch] = nil
            return state.standings.removeValue(forKey: batch)?.places ?? []
        }
        for engine in places { self.scheduler.send(.nothingReady(batch, engine, until: nil)) }
        self.scheduler.send(.withdraw(batch))
    }

    static func places(of engine: Engine) -> Int { max(1, engine.concurrency ?? Engine.defaultConcurrency) }

    /// Called once when the batch should ask again.
    package func whenFree(_ batch: BatchID, wake: @escaping @Sendable () -> Void) {
        let hasPlace = self.state.withLock { state -> Bool in
            if state.standings[batch]?.places.isEmpty == false { return true }
            if !state.waiters.contains(where: { $0.batch == batch }) {
                state.waiters.append(Waiter(batch: batch, wake: wake))
            }
            return false
        }
        // A place may have come between the choice and now, with nobody waiting yet.
        if hasPlace { wake() }
    }

    /// Under a limit of lines over all batches, each end is a place for another batch.
    private func wakeIfCapped() { if self.linesMax != .max { self.wakeAll() } }

    /// What keeps a batch's lines from engines at this moment; nil while one is in flight, or may be any moment.
    ///
    /// Looked up when it is asked for, so that it cannot be out of date.
    func wait(of batch: BatchID, model: String) -> BatchWait? {
        let own = self.scheduler.standing(of: batch)
        guard own?.inFlight ?? 0 == 0 else { return nil }
        let targets = self.directory.targets(for: model) ?? []
        let now = self.clock.now
        let isPaused = self.state.withLock { $0.paused[batch].map { $0 > now } ?? false }
        let engines = self.scheduler.engineStandings.filter { standing in
            targets.contains { $0.engine == standing.engine }
        }
        if isPaused || !engines.contains(where: \.isAvailable) { return .engineUnavailable }
        let available = engines.filter(\.isAvailable)
        if available.allSatisfy(\.isRefusing) { return .engineCapacity }
        return own?.heldUntil.map { .backgroundHours(until: $0) }
    }

    /// nil for a batch that the scheduler does not know.
    func standing(of batch: BatchID) -> BatchStanding? { self.scheduler.standing(of: batch) }

    /// As of the last review; nil for a batch that the scheduler does not know.
    func deadlineLoad(of batch: BatchID) -> Double? { self.standing(of: batch)?.load }

    /// No engine can be used by the batch before then, as its last attempts told.
    func pause(_ batch: BatchID, until moment: Instant) { self.state.withLock { $0.paused[batch] = moment } }

    /// The pause has ended early.
    func resume(_ batch: BatchID) { self.state.withLock { $0.paused[batch] = nil } }

    /// - Parameter engineIsBack: called until the batch is withdrawn, whether it pauses or not: one that is about to
    ///   pause would miss it otherwise.
    func join(_ batch: BatchID, engineIsBack: @escaping @Sendable (EngineID) -> Void) {
        self.state.withLock { $0.joined[batch] = engineIsBack }
    }

    package func isBack(_ engine: EngineID) {
        for tell in self.state.withLock({ $0.joined.sorted { $0.key < $1.key } }) { tell.value(engine) }
    }

    /// Wakes every waiting batch in the order they asked.
    public func wakeAll() {
        let woken = self.state.withLock { state -> [Waiter] in
            defer { state.waiters.removeAll() }
            return state.waiters
        }
        for waiter in woken { waiter.wake() }
    }
}
