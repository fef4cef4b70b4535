import Dispatch
public import Gateway
import Synchronization

/// One running call of a `ScriptedEngine`.
public final class ScriptedCall: EngineCall {
    private struct State {
        var steps: ArraySlice<EngineScript.Step>
        var isHanging = false
        /// `resume` was called before the `hang` was reached.
        var isResumed = false
        var isReading = true
        var isCancelled = false
        var isFinished = false
        /// True while a thread carries out steps, so that two never do.
        var isRunning = false
    }

    public let request: EngineRequest
    private let sink: any AnswerSink
    private let queue: DispatchQueue?
    private let state: Mutex<State>

    init(request: EngineRequest, script: EngineScript, sink: any AnswerSink, queue: DispatchQueue?) {
        self.request = request
        self.sink = sink
        self.queue = queue
        self.state = Mutex(State(steps: script.steps[...]))
    }

    public var isCancelled: Bool { self.state.withLock { $0.isCancelled } }
    public var isReading: Bool { self.state.withLock { $0.isReading } }
    public var isHanging: Bool { self.state.withLock { $0.isHanging } }
    /// True once the sink got its end or failure.
    public var isFinished: Bool { self.state.withLock { $0.isFinished } }

    public func cancel() { self.state.withLock { $0.isCancelled = true } }

    public func setReading(_ reading: Bool) {
        self.state.withLock { $0.isReading = reading }
        if reading { self.proceed() }
    }

    /// Ends the `hang` that the call is in, or else its next one.
    public func resume() {
        self.state.withLock { state in
            if !state.isHanging { state.isResumed = true }
            state.isHanging = false
        }
        self.proceed()
    }

    func proceed() {
        if let queue = self.queue { queue.async { self.run() } } else { self.run() }
    }

    private func run() {
        let isMine = self.state.withLock { state in
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard isMine else { return }
        while let step = self.next() {
            switch step {
            case .head(let head): self.sink.head(head)
            case .bytes(let bytes):
                bytes.withUnsafeBytes { self.sink.bytes($0) }
                self.sink.pause()
            case .end: self.sink.end()
            case .fail(let failure): self.sink.failed(failure)
            case .hang: break
            }
        }
    }

    /// The next step that may be carried out now; nil gives up the run.
    private func next() -> EngineScript.Step? {
        self.state.withLock { state in
            guard !state.isHanging, state.isReading, !state.isCancelled, !state.isFinished,
                let step = state.steps.popFirst()
            else {
                state.isRunning = false
                return nil
            }
            switch step {
            case .hang:
                state.isHanging = !state.isResumed
                state.isResumed = false
            case .end, .fail: state.isFinished = true
            case .head, .bytes: break
            }
            return step
        }
    }
}
