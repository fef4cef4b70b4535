import Ledger
import Logging
import OpenAIWire
import Quantities
import Routing
import Scheduling
import Synchronization

/// One request from its place at an engine to its client.
///
/// ```
/// queued --dispatched--> asking --bytes--> answering --end--> committing --durable--> done
///   ^  ^----preempted----/  \ \--failure, nothing produced--> (pause) --+
///   |  \---------------------\-------------------------------------------/
///   \--refused: 429, or on to another tier where the caller wishes it
/// clientGone at any time: the engine's slot is freed; what was made is billed, what never ran is not.
/// ```
/// The lock guards the state only; engine, client, scheduler and commit log are called without it.
final class CompletionCall: AnswerSink, ServedRequest, ScheduledWork {
    enum Phase { case queued, asking, answering, committing, done }

    struct State {
        var phase = Phase.queued
        /// The tier that serves: the asked one, or the one that the caller falls back to.
        var tier: Tier
        /// When it came to that tier; what it bears to wait counts from then.
        var tierSince: Instant
        /// Its present place in the scheduler.
        var key: WorkKey?
        /// Counts dispatches: tells the answers of two attempts apart.
        var attempt = 0
        /// Counts what engines failed at, for the rule of retries.
        var failures = 0
        /// The tier is not what the client asked for, but what its wishes led to.
        var isTierChosen: Bool
        var tried: [EngineID] = []
        var target: EngineTarget?
        /// When it was sent there: the moment whose prices hold.
        var sentAt: Instant?
        var call: (any EngineCall)?
        var assembly: AnswerAssembly
        var relay: StreamRelay
        var streamBegan = false
        /// All of the stream came in one read.
        var cameAtOnce = false
        var firstBytesAt: Instant?
        var gaps = GapMeter()
        var path: RequestPath
    }

    let use: ServeCompletion
    let request: CompletionRequest
    private let firstTargets: [EngineTarget]
    let fallback: TierFallback?
    let sink: any ClientSink
    /// nil: this process keeps no spans.
    let traceContext: TraceContext?
    let state: Mutex<State>

    var clientStreams: Bool { self.request.facts.stream && self.request.endpoint.canStream }
    var tier: TierName { self.state.withLock { $0.tier.name } }

    init(
        use: ServeCompletion, request: CompletionRequest, tier: Tier, isTierChosen: Bool, fallback: TierFallback?,
        targets: [EngineTarget], sink: any ClientSink
    ) {
        self.use = use
        self.firstTargets = targets
        self.fallback = fallback
        self.sink = sink
        self.traceContext = use.tracer?.begin(request.traceparent)
        self.state = Mutex(
            State(
                tier: tier, tierSince: request.arrivedAt, isTierChosen: isTierChosen,
                assembly: AnswerAssembly(endpoint: request.endpoint, isStream: false),
                relay: Self.relay(request, tier.name, isBought: false),
                path: RequestPath(tier: tier.name, arrivedAt: request.arrivedAt)))
        // Last, so that it is moved and not copied.
        self.request = request
    }

    /// A request that has waited so long is sent only if its key is still good.
    private static let keyHolds: Duration = .seconds(2)

    /// The model's engines at this moment; there may be more of them than when the request came.
    var targets: [EngineTarget] { self.use.engines.targets(for: self.request.facts.model) ?? self.firstTargets }

    /// The engines among which the scheduler chose: those from when the request came, unless it has waited since.
    private func targets(with id: EngineID, now: Instant) -> [EngineTarget] {
        let isFresh = now.since(self.request.arrivedAt) < .seconds(1)
        return isFresh && self.firstTargets.contains { $0.engine == id } ? self.firstTargets : self.targets
    }

    private static func relay(_ request: CompletionRequest, _ tier: TierName, isBought: Bool) -> StreamRelay {
        StreamRelay(
            keepsUsage: request.facts.includeUsage,
            servedTier: request.endpoint == .chatCompletions ? tier.text : nil, keepsAnsweredTier: isBought)
    }

    func dispatched(to id: EngineID, key: WorkKey) {
        // A place is for one tier: another one asks for a place of its own.
        let (isQueued, isOurs, lane, asked) = self.state.withLock { state in
            (state.phase == .queued, state.key == key, state.tier.lane, state.askedTier)
        }
        guard isOurs else { return self.use.scheduler.send(.gone(key)) }
        guard isQueued else { return }
        let now = self.use.clock.now
        if now.since(self.request.arrivedAt) >= Self.keyHolds, !self.use.isLive(self.request.caller) {
            return self.refuseUnsent(key, .client(.revokedKey), outcome: "revoked")
        }
        if self.use.commits.isFailing { return self.refuseUnsent(key, .unrecorded, outcome: "store") }
        guard let (target, engine) = self.use.engines.admit(id, of: self.targets(with: id, now: now), now: now) else {
            return self.use.scheduler.lost(key, at: id)
        }
        let order = EngineOrder(
            body: self.request.body, facts: self.request.facts, engine: engine, engineModel: target.engineModel,
            clientStreams: self.clientStreams, lane: lane, tier: asked)
        let (wanted, stays) = self.state.withLock { state -> (Int?, Bool) in
            guard state.key == key else { return (nil, false) }
            guard state.phase == .queued, self.holds(key, at: id, lane) else { return (nil, true) }
            state.phase = .asking
            state.attempt += 1
            state.target = target
            state.sentAt = now
            state.path.dispatched(to: id, now)
            state.assembly = AnswerAssembly(endpoint: self.request.endpoint, isStream: order.isStream)
            state.relay = Self.relay(self.request, state.tier.name, isBought: !engine.kind.isOwned)
            return (state.attempt, true)
        }
        guard let attempt = wanted else {
            self.use.engines.released(target, now: self.use.clock.now)
            if !stays { self.use.scheduler.send(.gone(key)) }
            return
        }
        let call = self.use.client.send(
            order.request(
                to: engine, self.request.endpoint, self.request.id, attempt: attempt, of: self.traceContext,
                home: self.request.home),
            to: lane.isInteractive ? self : AttemptAnswer(self, attempt: attempt))
        let isLive = self.state.withLock { state -> Bool in
            guard state.phase == .asking || state.phase == .answering, state.attempt == attempt else { return false }
            state.call = call
            return true
        }
        if !isLive { call.cancel() }
    }

    /// Whether the place is still its own. Asked under its lock: who takes the place away later finds it there.
    private func holds(_ key: WorkKey, at engine: EngineID, _ lane: Lane) -> Bool {
        // Nobody takes an interactive request's place.
        lane.isInteractive || self.use.scheduler.engine(of: key) == engine
    }

    func head(_ head: AnswerHead) { self.head(head, of: nil) }
    func bytes(_ bytes: UnsafeRawBufferPointer) { self.bytes(bytes, of: nil) }
    func end() { self.end(of: nil) }
    func failed(_ failure: EngineFailure) { self.failed(failure, of: nil) }

    /// - Parameter attempt: whose answer it is; nil where only one attempt can be under way.
    func head(_ head: AnswerHead, of attempt: Int?) {
        let target = self.state.withLock { state -> EngineTarget? in
            guard state.phase == .asking, state.isOf(attempt) else { return nil }
            state.phase = .answering
            state.assembly.began(isEventStream: head.isEventStream)
            return state.target
        }
        if let target { self.use.scheduler.answers(target.engine) }
    }

    func bytes(_ bytes: UnsafeRawBufferPointer, of attempt: Int?) {
        if self.clientStreams { self.relayBytes(bytes, attempt) } else { self.collectBytes(bytes, attempt) }
    }

    private func collectBytes(_ bytes: UnsafeRawBufferPointer, _ attempt: Int?) {
        var signals = Signals()
        var isWhole = false
        let failure = self.state.withLock { state -> (EngineFailure, (any EngineCall)?)? in
            guard state.phase == .answering, state.isOf(attempt) else { return nil }
            signals = state.signals(at: self.use.clock.now)
            do throws(EngineFailure) {
                try state.assembly.push(bytes)
                isWhole = state.assembly.sawDone
                return nil
            } catch {
                return (error, state.call)
            }
        }
        self.use.scheduler.tell(signals)
        // Some engines leave the connection open after the last event.
        if isWhole { return self.endWhole(attempt) }
        guard let (error, call) = failure else { return }
        call?.cancel()
        self.failed(error, of: attempt)
    }

    private func relayBytes(_ bytes: UnsafeRawBufferPointer, _ attempt: Int?) {
        enum Next {
            case nothing, forward([UInt8], begin: Bool), finish([UInt8], begin: Bool), fail(EngineFailure, [UInt8])
        }
        var signals = Signals()
        let next = self.state.withLock { state -> Next in
            guard state.phase == .answering, state.isOf(attempt) else { return .nothing }
            signals = state.signals(at: self.use.clock.now)
            let out = state.relay.push(bytes)
            if let failure = state.relay.failure {
                // What came before the error is billed, so a client that has the beginning gets it too.
                return .fail(failure, state.streamBegan ? out : [])
            }
            let begin = !state.streamBegan && (!out.isEmpty || state.relay.isDone)
            if begin { state.streamBegan = true }
            signals.isDelivered = begin && !state.tier.lane.isInteractive
            if state.relay.isDone {
                state.cameAtOnce = begin
                state.phase = .committing
                return .finish(out, begin: begin)
            }
            return out.isEmpty ? .nothing : .forward(out, begin: begin)
        }
        self.use.scheduler.tell(signals)
        switch next {
        case .nothing: break
        case .forward(let out, let begin): self.forward(out, begin: begin)
        case .finish(let out, let begin):
            self.forward(out, begin: begin)
            self.settleStream(.answered, last: SSEParser.done)
        case .fail(let failure, let out):
            self.forward(out, begin: false)
            let call = self.state.withLock { $0.call }
            call?.cancel()
            self.failed(failure, of: attempt)
        }
    }

    private func forward(_ out: [UInt8], begin: Bool) {
        if begin {
            let answered = self.state.withLock { $0.relay.answeredTier }
            self.sink.streamBegan(tier: self.servedTier(answered))
        }
        if !out.isEmpty { out.withUnsafeBytes { self.sink.streamBytes($0) } }
    }

    func pause() {
        guard self.clientStreams else { return }
        // Among others its charge takes no longer than they do, and a write less is worth more than a head start.
        if self.use.scheduler.isBusy, self.state.withLock({ $0.cameAtOnce }) { return }
        self.sink.streamPaused()
    }

    func end(of attempt: Int?) {
        if self.clientStreams { self.endRelay(attempt) } else { self.endWhole(attempt) }
    }

    private func endWhole(_ attempt: Int?) {
        let result = self.state.withLock { state -> Result<AnswerAssembly.Assembled, EngineFailure>? in
            guard state.phase == .answering, state.isOf(attempt) else { return nil }
            do throws(EngineFailure) {
                let answer = try state.assembly.finish()
                state.phase = .committing
                return .success(answer)
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case nil: break
        case .success(let answer): self.settleWhole(answer)
        case .failure(let failure): self.failed(failure, of: attempt)
        }
    }

    private func endRelay(_ attempt: Int?) {
        let failure = self.state.withLock { state -> (out: [UInt8], begin: Bool, failure: EngineFailure?)? in
            guard state.phase == .answering, state.isOf(attempt) else { return nil }
            let out = state.relay.finish()
            let begin = !state.streamBegan && state.relay.failure == nil
            if begin { state.streamBegan = true }
            if state.relay.failure == nil { state.phase = .committing }
            return (out, begin, state.relay.failure)
        }
        guard let (out, begin, fault) = failure else { return }
        if let fault {
            if self.state.withLock({ $0.streamBegan }) { self.forward(out, begin: false) }
            self.failed(fault, of: attempt)
        } else {
            self.forward(out, begin: begin)
            self.settleStream(.answered, last: SSEParser.done)
        }
    }

    func setReading(_ reading: Bool) {
        let call = self.state.withLock { $0.call }
        call?.setReading(reading)
    }
}
