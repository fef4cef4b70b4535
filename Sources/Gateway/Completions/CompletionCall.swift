import Ledger
import Logging
import OpenAIWire
import Quantities
import Routing
import Synchronization

/// One interactive request from its engine to its client.
///
/// ```
/// start -> asking --bytes--> answering --end--> committing --durable--> done
///            ^  \--failure, nothing produced--> (pause or next engine) --+
/// clientGone at any time: the engine's slot is freed; what was made is billed, what never ran is not.
/// ```
/// The lock guards the state only; engine, client and commit log are called without it.
final class CompletionCall: AnswerSink, ServedRequest {
    enum Phase { case asking, answering, committing, done }

    struct State {
        var phase = Phase.asking
        var attempt = 0
        var tried: [EngineID] = []
        var target: EngineTarget?
        var call: (any EngineCall)?
        var assembly: AnswerAssembly
        var relay: StreamRelay
        var streamBegan = false
        var firstBytesAt: Instant?
    }

    let use: ServeCompletion
    let request: CompletionRequest
    let tier: TierName
    let targets: [EngineTarget]
    let sink: any ClientSink
    let state: Mutex<State>

    var clientStreams: Bool { self.request.facts.stream && self.request.endpoint.canStream }

    init(
        use: ServeCompletion, request: CompletionRequest, tier: TierName, targets: [EngineTarget],
        sink: any ClientSink
    ) {
        self.use = use
        self.request = request
        self.tier = tier
        self.targets = targets
        self.sink = sink
        self.state = Mutex(
            State(
                assembly: AnswerAssembly(endpoint: request.endpoint, isStream: false),
                relay: Self.relay(request, tier, isBought: false)))
    }

    private static func relay(_ request: CompletionRequest, _ tier: TierName, isBought: Bool) -> StreamRelay {
        StreamRelay(
            keepsUsage: request.facts.includeUsage,
            servedTier: request.endpoint == .chatCompletions ? tier.text : nil, keepsAnsweredTier: isBought)
    }

    func start() {
        let tried = self.state.withLock { $0.tried }
        guard
            let (target, engine) = self.use.engines.choose(
                from: self.targets, excluding: tried, now: self.use.clock.now)
        else {
            self.giveUp(EngineFailure(.unreachable, message: "no engine is available"), held: true)
            return
        }
        let order = EngineOrder(
            body: self.request.body, facts: self.request.facts, engine: engine, engineModel: target.engineModel,
            clientStreams: self.clientStreams)
        let wanted = self.state.withLock { state -> Bool in
            guard state.phase == .asking else { return false }
            state.attempt += 1
            state.target = target
            state.assembly = AnswerAssembly(endpoint: self.request.endpoint, isStream: order.isStream)
            state.relay = Self.relay(self.request, self.tier, isBought: !engine.kind.isOwned)
            return true
        }
        guard wanted else {
            self.use.engines.released(engine.id, now: self.use.clock.now)
            return
        }
        let call = self.use.client.send(
            EngineRequest(
                engine: engine, path: String(self.request.endpoint.path.dropFirst(3)), body: order.body,
                isStream: order.isStream, request: self.request.id, home: self.request.home), to: self)
        let isLive = self.state.withLock { state -> Bool in
            guard state.phase == .asking || state.phase == .answering, state.target == target else { return false }
            state.call = call
            return true
        }
        if !isLive { call.cancel() }
    }

    func head(_ head: AnswerHead) {
        self.state.withLock { state in
            guard state.phase == .asking else { return }
            state.phase = .answering
            state.assembly.began(isEventStream: head.isEventStream)
        }
    }

    func bytes(_ bytes: UnsafeRawBufferPointer) {
        if self.clientStreams { self.relayBytes(bytes) } else { self.collectBytes(bytes) }
    }

    private func collectBytes(_ bytes: UnsafeRawBufferPointer) {
        let failure = self.state.withLock { state -> (EngineFailure, (any EngineCall)?)? in
            guard state.phase == .answering else { return nil }
            if state.firstBytesAt == nil { state.firstBytesAt = self.use.clock.now }
            do throws(EngineFailure) {
                try state.assembly.push(bytes)
                return nil
            } catch {
                return (error, state.call)
            }
        }
        guard let (error, call) = failure else { return }
        call?.cancel()
        self.failed(error)
    }

    private func relayBytes(_ bytes: UnsafeRawBufferPointer) {
        enum Next {
            case nothing, forward([UInt8], begin: Bool), finish([UInt8], begin: Bool), fail(EngineFailure, [UInt8])
        }
        let next = self.state.withLock { state -> Next in
            guard state.phase == .answering else { return .nothing }
            if state.firstBytesAt == nil { state.firstBytesAt = self.use.clock.now }
            let out = state.relay.push(bytes)
            if let failure = state.relay.failure {
                // What came before the error is billed, so a client that has the beginning gets it too.
                return .fail(failure, state.streamBegan ? out : [])
            }
            let begin = !state.streamBegan && (!out.isEmpty || state.relay.isDone)
            if begin { state.streamBegan = true }
            if state.relay.isDone {
                state.phase = .committing
                return .finish(out, begin: begin)
            }
            return out.isEmpty ? .nothing : .forward(out, begin: begin)
        }
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
            self.failed(failure)
        }
    }

    private func forward(_ out: [UInt8], begin: Bool) {
        if begin { self.sink.streamBegan(tier: self.tier) }
        if !out.isEmpty { out.withUnsafeBytes { self.sink.streamBytes($0) } }
    }

    func pause() {
        if self.clientStreams { self.sink.streamPaused() }
    }

    func end() {
        if self.clientStreams { self.endRelay() } else { self.endWhole() }
    }

    private func endWhole() {
        let result = self.state.withLock { state -> Result<AnswerAssembly.Assembled, EngineFailure>? in
            guard state.phase == .answering else { return nil }
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
        case .failure(let failure): self.failed(failure)
        }
    }

    private func endRelay() {
        let failure = self.state.withLock { state -> (out: [UInt8], begin: Bool, failure: EngineFailure?)? in
            guard state.phase == .answering else { return nil }
            let out = state.relay.finish()
            let begin = !state.streamBegan && state.relay.failure == nil
            if begin { state.streamBegan = true }
            if state.relay.failure == nil { state.phase = .committing }
            return (out, begin, state.relay.failure)
        }
        guard let (out, begin, fault) = failure else { return }
        if let fault {
            if self.state.withLock({ $0.streamBegan }) { self.forward(out, begin: false) }
            self.failed(fault)
        } else {
            self.forward(out, begin: begin)
            self.settleStream(.answered, last: SSEParser.done)
        }
    }

    func failed(_ failure: EngineFailure) {
        enum Next { case ignore, retry(EngineID, RetryRule.Decision), give(EngineID), broken(EngineID) }
        let now = self.use.clock.now
        let next = self.state.withLock { state -> Next in
            guard state.phase == .asking || state.phase == .answering, let target = state.target else {
                return .ignore
            }
            // Once the client has a byte of the answer nothing may be replayed.
            if state.streamBegan {
                state.phase = .committing
                return .broken(target.engine)
            }
            var failure = failure
            failure.produced = false
            if !state.tried.contains(target.engine) { state.tried.append(target.engine) }
            let others = self.targets.contains {
                !state.tried.contains($0.engine) && self.use.engines.isAvailable($0.engine, now: now)
            }
            let decision = self.use.retry.decide(
                failure, attempt: state.attempt, othersLeft: others, jitter: self.use.randomness.unit())
            if decision == .giveUp { return .give(target.engine) }
            if decision != .elsewhere { state.tried = [] }
            state.phase = .asking
            state.target = nil
            state.call = nil
            return .retry(target.engine, decision)
        }
        switch next {
        case .ignore: return
        case .broken(let engine):
            self.report(failure, engine)
            self.settleBroken(failure)
        case .give(let engine):
            self.note(failure, engine)
            self.giveUp(failure, held: true)
        case .retry(let engine, let decision):
            self.note(failure, engine)
            if case .after(let pause) = decision {
                self.use.timers.after(pause) { self.start() }
            } else {
                self.start()
            }
        }
    }

    /// Gives the engine's place back and reports why.
    private func note(_ failure: EngineFailure, _ engine: EngineID) {
        self.use.engines.finished(engine, failure: failure, now: self.use.clock.now)
        self.report(failure, engine)
    }

    private func report(_ failure: EngineFailure, _ engine: EngineID) {
        self.use.meters.engineFailed(engine: engine, kind: failure.label)
        self.use.logger.warning(
            "engine call failed",
            metadata: self.request.logged([
                "engine": "\(engine)", "kind": "\(failure.label)",
                "status": "\(failure.status.map(String.init) ?? "-")", "detail": "\(failure.detail ?? "-")",
            ]))
    }

    func setReading(_ reading: Bool) {
        let call = self.state.withLock { $0.call }
        call?.setReading(reading)
    }
}
