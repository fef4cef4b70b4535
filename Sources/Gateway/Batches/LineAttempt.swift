import Batching
import OpenAIWire
import Quantities
import Routing
import Scheduling
import Synchronization

/// One attempt at one batch line: asks the engine, folds its answer, reports once.
final class LineAttempt: AnswerSink {
    enum Ending: Sendable {
        case answered(AnswerAssembly.Assembled)
        case failed(EngineFailure)
    }

    private struct State {
        var assembly: AnswerAssembly
        var call: (any EngineCall)?
        var estimate: UsageEstimate?
        var customID: [UInt8]?
        var isDone = false
        var key: WorkKey?
        var scheduler: WorkScheduler?
        var hasBegun = false
        var isPreempted = false
        var displacer: WorkIdentity?
        var gaps = GapMeter()
        var path: RequestPath
        var promptComputed: Int?

        /// After a read.
        mutating func signals(of engine: EngineID, at now: Instant) -> Signals {
            var signals = Signals(key: self.key, engine: engine, at: now)
            let computed = self.assembly.computed.map { Int(clamping: $0.prompt) }
            if computed != self.promptComputed { signals.promptComputed = computed }
            self.promptComputed = computed
            // An engine that tells of its prompts sends before the first token.
            guard self.assembly.hasBegun else { return signals }
            signals.isFirst = !self.hasBegun
            if !self.hasBegun { self.path.began(now) }
            self.hasBegun = true
            signals.gap = self.gaps.read(at: now)
            if signals.gap != nil {
                signals.tier = self.path.tier
                signals.outputTokens = self.assembly.outputTokens
            }
            return signals
        }
    }

    let request: RequestID
    let lease: LineLease
    let lane: Int
    let target: EngineTarget
    let tiers: LineTiers
    let startedAt: Instant
    /// nil: this process keeps no spans.
    let traceContext: TraceContext?
    private let report: @Sendable (LineAttempt, Ending) -> Void
    private let state: Mutex<State>

    init(
        request: RequestID, lease: LineLease, lane: Int, target: EngineTarget, tiers: LineTiers, endpoint: Endpoint,
        startedAt: Instant, path: RequestPath, traceContext: TraceContext? = nil,
        report: @escaping @Sendable (LineAttempt, Ending) -> Void
    ) {
        self.request = request
        self.lease = lease
        self.lane = lane
        self.target = target
        self.tiers = tiers
        self.startedAt = startedAt
        self.traceContext = traceContext
        self.report = report
        self.state = Mutex(State(assembly: AnswerAssembly(endpoint: endpoint, isStream: false), path: path))
    }

    /// For engines that report no usage; nil before the line was sent.
    var estimate: UsageEstimate? { self.state.withLock { $0.estimate } }

    var wasSent: Bool { self.estimate != nil }

    /// Of the line; nil before it was sent.
    var customID: [UInt8]? { self.state.withLock { $0.customID } }

    func start(_ request: EngineRequest, estimate: UsageEstimate, customID: [UInt8], client: any EngineClient) {
        self.state.withLock { state in
            state.estimate = estimate
            state.customID = customID
        }
        let call = client.send(request, to: self)
        let isLive = self.state.withLock { state -> Bool in
            if !state.isDone { state.call = call }
            return !state.isDone
        }
        if !isLive { call.cancel() }
    }

    /// Its place in the scheduler; nil before it has one.
    var key: WorkKey? { self.state.withLock { $0.key } }

    var outputTokens: Int { self.state.withLock { $0.assembly.outputTokens } }

    func took(_ key: WorkKey, _ scheduler: WorkScheduler) {
        self.state.withLock { state in
            state.key = key
            state.scheduler = scheduler
        }
    }

    /// Makes room for a more urgent request: its report says `cancelled`, and `wasPreempted` why.
    func preempt(by: WorkIdentity?) {
        self.state.withLock { state in
            guard !state.isDone else { return }
            state.isPreempted = true
            state.displacer = by
        }
        self.abort()
    }

    var wasPreempted: Bool { self.state.withLock { $0.isPreempted } }

    /// Who took its place, as far as known.
    var displacer: WorkIdentity? { self.state.withLock { $0.displacer } }

    /// The line's way so far, earlier attempts included.
    var path: RequestPath { self.state.withLock { $0.path } }

    /// Ends the attempt from our side; its report says `cancelled`.
    func abort() { self.finish(.failed(EngineFailure(.cancelled, message: "aborted")), cancelling: true) }

    func head(_ head: AnswerHead) {
        let scheduler = self.state.withLock { state -> WorkScheduler? in
            state.assembly.began(isEventStream: head.isEventStream)
            return state.scheduler
        }
        scheduler?.answers(self.target.engine)
    }

    func bytes(_ bytes: UnsafeRawBufferPointer) {
        var scheduler: WorkScheduler?
        var signals = Signals()
        var isWhole = false
        let failure = self.state.withLock { state -> EngineFailure? in
            guard !state.isDone else { return nil }
            do throws(EngineFailure) {
                try state.assembly.push(bytes)
            } catch {
                return error
            }
            isWhole = state.assembly.sawDone
            if state.key != nil, let driver = state.scheduler {
                scheduler = driver
                signals = state.signals(of: self.target.engine, at: driver.now)
            }
            return nil
        }
        scheduler?.tell(signals)
        if let failure { self.finish(.failed(failure), cancelling: true) }
        // Some engines leave the connection open after the last event.
        if isWhole { self.end() }
    }

    func end() {
        let ending = self.state.withLock { state -> Ending? in
            guard !state.isDone else { return nil }
            do throws(EngineFailure) {
                return .answered(try state.assembly.finish())
            } catch {
                return .failed(error)
            }
        }
        if let ending { self.finish(ending, cancelling: false) }
    }

    func failed(_ failure: EngineFailure) { self.finish(.failed(failure), cancelling: false) }

    private func finish(_ ending: Ending, cancelling: Bool) {
        let (isFirst, call) = self.state.withLock { state -> (Bool, (any EngineCall)?) in
            defer { state.isDone = true }
            return (!state.isDone, state.call)
        }
        guard isFirst else { return }
        if cancelling { call?.cancel() }
        self.report(self, ending)
    }
}
