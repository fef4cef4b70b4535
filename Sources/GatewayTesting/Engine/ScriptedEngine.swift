import Dispatch
public import Gateway
public import Routing
import Synchronization

/// An engine client whose answers a test writes down beforehand, and which keeps what it was asked.
///
/// Scripts are taken in order; without one left, `otherwise` decides. Answers flow on a queue of their own, as from an
/// event loop, or with `inline` before `send` returns.
public final class ScriptedEngine: EngineClient {
    public enum Delivery: Sendable { case queue, inline }

    private struct State {
        var scripts: [EngineScript] = []
        var calls: [ScriptedCall] = []
        var fetches: [EngineFetch] = []
        var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())
    private let delivery: Delivery
    private let queue = DispatchQueue(label: "ebb.testing.engine")
    private let otherwise: @Sendable (EngineRequest) -> EngineScript
    private let fetchAnswer: @Sendable (EngineFetch) throws(EngineFailure) -> EngineFetchAnswer

    /// Without `otherwise`, a request that no script was written for fails as unreachable.
    public init(
        delivery: Delivery = .queue, scripts: [EngineScript] = [],
        otherwise: @escaping @Sendable (EngineRequest) -> EngineScript = { _ in
            .failure(EngineFailure(.unreachable, message: "no script is left"))
        },
        fetch: @escaping @Sendable (EngineFetch) throws(EngineFailure) -> EngineFetchAnswer = {
            request throws(EngineFailure) in
            throw EngineFailure(.clientFault, status: 404, message: "\(request.path) is not scripted")
        }
    ) {
        self.delivery = delivery
        self.otherwise = otherwise
        self.fetchAnswer = fetch
        self.state.withLock { $0.scripts = scripts }
    }

    public func enqueue(_ script: EngineScript) { self.state.withLock { $0.scripts.append(script) } }

    /// All calls so far, oldest first, each with its request.
    public var calls: [ScriptedCall] { self.state.withLock { $0.calls } }
    public var requests: [EngineRequest] { self.calls.map(\.request) }
    public var fetches: [EngineFetch] { self.state.withLock { $0.fetches } }

    /// Returns once `count` requests in all have arrived.
    public func waitForRequests(_ count: Int = 1) async {
        await withCheckedContinuation { continuation in
            let isThere = self.state.withLock { state in
                if state.calls.count >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    public func send(_ request: EngineRequest, to sink: any AnswerSink) -> any EngineCall {
        let written = self.state.withLock { $0.scripts.isEmpty ? nil : $0.scripts.removeFirst() }
        let script = written ?? self.otherwise(request)
        let call = ScriptedCall(
            request: request, script: script, sink: sink, queue: self.delivery == .queue ? self.queue : nil)
        let watching = self.state.withLock { state in
            state.calls.append(call)
            let count = state.calls.count
            let watching = state.watchers.filter { $0.count <= count }
            state.watchers.removeAll { $0.count <= count }
            return watching.map(\.continuation)
        }
        for watcher in watching { watcher.resume() }
        call.proceed()
        return call
    }

    public func fetch(_ request: EngineFetch) async throws(EngineFailure) -> EngineFetchAnswer {
        self.state.withLock { $0.fetches.append(request) }
        return try self.fetchAnswer(request)
    }
}
