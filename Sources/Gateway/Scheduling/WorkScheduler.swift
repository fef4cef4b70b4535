public import Logging
public import Pricing
public import Quantities
public import Routing
public import Scheduling
import Synchronization

/// Drives the scheduler with what happens in this process, and carries out what it decides.
///
/// One lock around a value; no engine, client, store or request is called under it, only the directory's own lock is
/// taken.
/// Requests of all tiers, batch lines too, get their places here, so that what is in flight at an engine is known
/// exactly.
public final class WorkScheduler: Sendable {
    /// How often `tick` is called.
    public static let tickInterval: Duration = .milliseconds(500)
    /// How long interactive requests wait for engines that are all away.
    static let awayMax: Duration = .seconds(5)
    /// At most, whatever it seems to bear.
    static let limitMax = 1_024

    struct State: Sendable {
        var scheduler: Scheduler
        var gate: BackgroundGate
        var work: [WorkKey: any ScheduledWork] = [:]
        weak var lines: (any LineSource)?
        var lineKeys: Set<WorkKey> = []
        /// Engines that were told as unavailable, and since when.
        var unavailable: [EngineID: Instant] = [:]
        /// Those that may be asked again, until the batches know.
        var back: [EngineID] = []
        /// Models that were told to have fewer engines than they have, since some fail at them.
        var narrowed: [String: [EngineTarget]] = [:]
        var violationsLogged = 0
    }

    let state: Mutex<State>
    private let nextKey = Atomic<UInt64>(0)
    /// Requests and lines at engines when the last request came.
    private let running = Atomic<Int>(0)
    /// With so many charges are committed in groups, one after the other.
    private static let runningBusy = 8
    let directory: EngineDirectory
    let clock: any GatewayClock
    private let logger: Logger
    private let meters: (any Meters)?
    private let protection: @Sendable (EngineID) -> Protection

    /// - Parameters:
    ///   - protection: how much each of our own engines may be slowed by background work.
    ///   - backgroundHours: when background work begins; nil: at any hour, for a model: at those of its engine.
    public init(
        directory: EngineDirectory, clock: any GatewayClock, logger: Logger, meters: (any Meters)? = nil,
        protection: @escaping @Sendable (EngineID) -> Protection = { _ in .balanced },
        backgroundHours: @escaping @Sendable (BackgroundPlace, Instant) -> PriceSchedule? = { _, _ in nil }
    ) {
        self.directory = directory
        self.clock = clock
        self.logger = logger
        self.meters = meters
        self.protection = protection
        let gate = BackgroundGate(hours: backgroundHours)
        self.state = Mutex(State(scheduler: Scheduler(now: clock.now), gate: gate))
        self.learn(directory.table)
        directory.onReplace { [weak self] in self?.learn($0) }
    }

    /// Takes over which engines there are and which models they serve.
    public func learn(_ table: RoutingTable) {
        let now = self.clock.now
        let engines = table.engines.values.sorted { $0.id < $1.id }.map { SchedulerEvent.engine(self.profile($0)) }
        var changes: [BackgroundGate.Change] = []
        self.send { state in
            state.narrowed = [:]
            let pools = table.aliases.sorted { $0.key < $1.key }.map { alias, targets in
                Self.pool(alias, self.serving(alias, targets, now: now, in: &state))
            }
            // Together, as hours need their engines and models, and these get nothing before their hours are known.
            let hours = state.gate.events(table, now: now, isFirst: true, changes: &changes)
            return [.together(engines + pools + hours)]
        }
        for change in changes { change.log(to: self.logger) }
    }

    private static func pool(_ alias: String, _ targets: [EngineTarget]) -> SchedulerEvent {
        .pool(PoolID(alias), targets.map(\.engine), weights: targets.map(\.weight))
    }

    private func profile(_ engine: Engine) -> EngineProfile {
        let isKnown = engine.concurrency != nil
        let start = engine.concurrency ?? Engine.defaultConcurrency
        return EngineProfile(
            id: engine.id, limitStart: start, limitMax: isKnown ? start : Self.limitMax,
            isOwned: engine.kind.isOwned, isFixed: isKnown,
            protection: engine.kind.isOwned ? self.protection(engine.id) : .none, isGuess: !isKnown)
    }

    package func newKey() -> WorkKey { WorkKey(self.nextKey.add(1, ordering: .relaxed).newValue) }

    /// Queues a request. Its place may be given before this returns, unless a decision is just carried out here.
    package func submit(_ work: any ScheduledWork, _ request: WorkRequest) {
        var actions: [SchedulerAction] = []
        let now = self.clock.now
        let (outlook, displaced) = self.state.withLock { state -> (Outlook?, [Displacement]) in
            state.work[request.key] = work
            state.scheduler.handle(.arrive(request), now: now, into: &actions)
            self.running.store(state.scheduler.runningCount, ordering: .relaxed)
            return (state.scheduler.outlook, state.scheduler.displacements)
        }
        if let outlook { work.found(outlook) }
        self.perform(actions, displaced)
    }

    /// Whoever ends now is hardly the only one.
    var isBusy: Bool { self.running.load(ordering: .relaxed) >= Self.runningBusy }

    /// Seconds that an engine works on such a standard request; nil: not known yet.
    func usualSeconds(model: String, promptTokens: Int, outputTokens: Int) -> Double? {
        self.state.withLock {
            $0.scheduler.usualSeconds(PoolID(model), promptTokens: promptTokens, outputTokens: outputTokens)
        }
    }

    /// Seconds that a request would probably wait for its place in a lane; 0 while nothing is known.
    func foretoldWait(_ lane: Lane, model: String, project: ProjectID) -> Double {
        self.state.withLock { $0.scheduler.foretoldWait(lane, project: project, pool: PoolID(model)) }
    }

    /// Where a request has its place now. May be asked for under the request's own lock: none is taken under this one.
    func engine(of key: WorkKey) -> EngineID? { self.state.withLock { $0.scheduler.engine(of: key) } }

    /// The engine could not be asked after all; the request waits again, and the engine is looked at at the next tick.
    func lost(_ key: WorkKey, at engine: EngineID) {
        let now = self.clock.now
        self.send { state in
            state.unavailable[engine] = state.unavailable[engine] ?? now
            // It may have lost that place meanwhile, and have another.
            let isThere = state.scheduler.isRunning(key, at: engine)
            return [.available(engine, false)] + (isThere ? [.failed(key, .lost)] : [])
        }
    }

    /// The engine could not be reached for a request that may wait; only its breaker takes it away from everybody.
    func unreached(_ key: WorkKey, at engine: EngineID) {
        let now = self.clock.now
        self.send { state in
            let isThere = state.scheduler.isRunning(key, at: engine)
            return self.availability(of: engine, now: now, in: &state) + self.poolsInUse(now: now, in: &state)
                + (isThere ? [.failed(key, .unreached)] : [])
        }
    }

    package func send(_ event: SchedulerEvent) {
        var actions: [SchedulerAction] = []
        let now = self.clock.now
        let displaced = self.state.withLock { state -> [Displacement] in
            Self.forget(event, in: &state)
            state.scheduler.handle(event, now: now, into: &actions)
            return state.scheduler.displacements
        }
        self.perform(actions, displaced)
    }

    package func send(_ events: [SchedulerEvent]) { self.send { _ in events } }

    /// - Parameter find: what is to be told, if anything; nobody tells anything between that and this. It may take a
    ///   lock under which nobody calls the scheduler.
    func send(found find: () -> SchedulerEvent?) { self.send { _ in find().map { [$0] } ?? [] } }

    /// - Parameter decide: what is to be told. It is found under the lock, so that of two threads the later one knows
    ///   what the earlier one has told.
    private func send(_ decide: (inout State) -> [SchedulerEvent]) {
        var actions: [SchedulerAction] = []
        var displaced: [Displacement] = []
        let now = self.clock.now
        self.state.withLock { state in
            for event in decide(&state) {
                Self.forget(event, in: &state)
                state.scheduler.handle(event, now: now, into: &actions)
                displaced += state.scheduler.displacements
            }
        }
        self.perform(actions, displaced)
    }

    /// Work that ends for good is not told anything more.
    private static func forget(_ event: SchedulerEvent, in state: inout State) {
        switch event {
        case .finished(let key, _), .gone(let key), .failed(let key, .request), .failed(let key, .full):
            if state.work.removeValue(forKey: key) == nil { state.lineKeys.remove(key) }
        case .failed(let key, _): state.lineKeys.remove(key)
        case .lineStarted(let line): state.lineKeys.insert(line.key)
        default: break
        }
    }

    var now: Instant { self.clock.now }

    /// What a read from an engine says about it and about the request.
    func tell(_ signals: Signals) {
        guard let key = signals.key, signals.isNews else { return }
        var actions: [SchedulerAction] = []
        // One lock for all that a read tells. Only a first token may move other work.
        let displaced = self.state.withLock { state -> [Displacement] in
            if signals.isDelivered { state.scheduler.handle(.delivered(key), now: signals.at, into: &actions) }
            if let gap = signals.gap, let engine = signals.engine {
                state.scheduler.handle(.gap(engine, gap), now: signals.at, into: &actions)
            }
            if let tokens = signals.promptComputed {
                state.scheduler.handle(.promptComputed(key, tokens: tokens), now: signals.at, into: &actions)
            }
            if let tokens = signals.outputTokens {
                state.scheduler.handle(.progress(key, outputTokens: tokens), now: signals.at, into: &actions)
            }
            if signals.isFirst { state.scheduler.handle(.firstToken(key), now: signals.at, into: &actions) }
            return state.scheduler.displacements
        }
        self.perform(actions, displaced)
        guard let gap = signals.gap, let tier = signals.tier else { return }
        self.meters?.gap(tier: tier, seconds: gap.secondsApproximate)
    }

    /// Who is asked for batch lines.
    package func takeLines(from source: any LineSource) { self.state.withLock { $0.lines = source } }

    /// Carries decisions out, or leaves them to the call further out on this thread that already does so.
    private func perform(_ actions: [SchedulerAction], _ displaced: [Displacement]) {
        guard !actions.isEmpty else { return }
        let items = actions.map { action in
            PendingActions.Item(action: action, by: displaced.first { .preempt($0.victim) == action }?.by)
        }
        if PendingActions.current?.add(items, of: self) == true { return }
        let pending = PendingActions(items, of: self)
        PendingActions.$current.withValue(pending) {
            while let item = pending.next() { self.perform(item) }
        }
    }

    private func perform(_ item: PendingActions.Item) {
        switch item.action {
        case .dispatch(let key, let engine): self.dispatch(key, to: engine)
        case .refuse(let key, let retryAfter):
            let work = self.state.withLock { $0.work.removeValue(forKey: key) }
            work?.refused(key: key, retryAfter: retryAfter)
        case .preempt(let key): self.preempt(key, for: item.by)
        case .pull(let batch, let engine):
            if let lines = self.state.withLock({ $0.lines }) {
                lines.place(of: batch, at: engine)
            } else {
                self.send(.nothingReady(batch, engine, until: nil))
            }
        }
    }

    /// Decisions are carried out after the lock was let go: one that does not hold any more is dropped, and who has
    /// ended meanwhile gives its place back.
    private func dispatch(_ key: WorkKey, to engine: EngineID) {
        let (work, holds) = self.state.withLock { ($0.work[key], $0.scheduler.isRunning(key, at: engine)) }
        guard let work else { return self.send(.gone(key)) }
        if holds { work.dispatched(to: engine, key: key) }
    }

    private func preempt(_ key: WorkKey, for other: WorkKey?) {
        let (lines, work, by) = self.state.withLock { state in
            (
                state.lineKeys.remove(key) == nil ? nil : state.lines, state.work[key],
                other.flatMap { state.work[$0]?.identity }
            )
        }
        if let lines { return lines.preempted(line: key, by: by) }
        // What cannot go back does not wait any more either.
        if work?.preempted(key: key, by: by) != true { self.send(.gone(key)) }
    }

    /// Keys or projects have changed: who may no longer wait leaves.
    public func reviewAccess() {
        let work = self.state.withLock { $0.work }
        for (key, work) in work.sorted(by: { $0.key < $1.key }) { work.accessChanged(key: key) }
    }

    /// Twice a second: time passes, engines come back or are lost.
    public func tick() {
        let now = self.clock.now
        var changes: [BackgroundGate.Change] = []
        let progress = self.progress()
        self.send { state in
            let table = self.directory.table
            let hours = state.gate.events(table, now: now, isFirst: false, changes: &changes)
            return table.engines.keys.sorted().flatMap { self.availability(of: $0, now: now, in: &state) }
                + self.poolsInUse(now: now, in: &state) + progress + hours + [.tick]
        }
        self.tellBack()
        for change in changes { change.log(to: self.logger) }
        for (key, work) in self.stranded(now) { work.stranded(key: key) }
        self.logViolations()
    }

    /// Who waits for engines of which none will come soon: interactive requests for engines that are away, flex for
    /// those that the configuration does not have any more. An engine that nobody reaches may be back in time for it.
    private func stranded(_ now: Instant) -> [(WorkKey, any ScheduledWork)] {
        let table = self.directory.table
        let stranded = self.state.withLock { state -> [(WorkKey, any ScheduledWork)] in
            guard !state.unavailable.isEmpty || table.engines.isEmpty else { return [] }
            return state.scheduler.waitingRequests.compactMap { key, lane, pool in
                let isStranded = (table.targets(for: pool.text) ?? []).allSatisfy { target in
                    // A breaker that opens for a moment does not empty the queues.
                    lane.isInteractive
                        && state.unavailable[target.engine].map { now.since($0) >= Self.awayMax } ?? false
                }
                return isStranded ? state.work[key].map { (key, $0) } : nil
            }
        }
        return stranded.sorted { $0.0 < $1.0 }
    }

    /// How far the requests in flight are; the lines tell by themselves.
    private func progress() -> [SchedulerEvent] {
        let (work, lines) = self.state.withLock { ($0.work, $0.lines) }
        lines?.reportProgress()
        // Most of what is here may wait, for hours even.
        let begun = work.compactMap { key, work in
            let tokens = work.outputTokens
            return tokens > 0 ? (key: key, tokens: tokens) : nil
        }
        return begun.sorted { $0.key < $1.key }.map { .progress($0.key, outputTokens: $0.tokens) }
    }

    /// The head of an answer has come: an engine that was being tried takes work again.
    func answers(_ engine: EngineID) {
        if self.directory.reached(engine) { self.checkHealth(engine) }
    }

    /// An engine's health may have changed: the scheduler is told when it has.
    func checkHealth(_ engine: EngineID) {
        let now = self.clock.now
        self.send { state in
            self.availability(of: engine, now: now, in: &state) + self.poolsInUse(now: now, in: &state)
        }
        self.tellBack()
    }

    /// Batches that pause for an engine look at it when it may be asked, not when their pause is over.
    private func tellBack() {
        let (engines, lines) = self.state.withLock { state in
            defer { state.back = [] }
            return (state.back, state.lines)
        }
        for engine in engines { lines?.isBack(engine) }
    }

    /// Models whose engines are others than was told.
    private func poolsInUse(now: Instant, in state: inout State) -> [SchedulerEvent] {
        let shared = self.directory.table.aliases.filter { $0.value.count > 1 }
        var events: [SchedulerEvent] = []
        for (alias, targets) in shared.sorted(by: { $0.key < $1.key }) {
            let before = state.narrowed[alias] ?? targets
            let serving = self.serving(alias, targets, now: now, in: &state)
            if serving != before { events.append(Self.pool(alias, serving)) }
        }
        return events
    }

    /// The engines that get a model's work: one that fails at it gets none for a while.
    private func serving(
        _ alias: String, _ targets: [EngineTarget], now: Instant, in state: inout State
    ) -> [EngineTarget] {
        let serving = self.directory.serving(targets, now: now)
        state.narrowed[alias] = serving == targets ? nil : serving
        return serving
    }

    private func availability(of engine: EngineID, now: Instant, in state: inout State) -> [SchedulerEvent] {
        if self.directory.isAvailable(engine, now: now) {
            guard state.unavailable.removeValue(forKey: engine) != nil else { return [] }
            state.back.append(engine)
            return [.available(engine, true)]
        }
        guard state.unavailable[engine] == nil else { return [] }
        state.unavailable[engine] = now
        return [.available(engine, false)]
    }

    private func logViolations() {
        let (count, first) = self.state.withLock { state in
            let (count, first) = state.scheduler.violations
            defer { state.violationsLogged = count }
            return (count - state.violationsLogged, first)
        }
        guard count > 0 else { return }
        self.logger.error(
            "the scheduler broke a rule of its own", metadata: ["times": "\(count)", "first": "\(first)"])
    }
}
