public import Gateway
public import Quantities
import Synchronization

/// Timers that run when the test says so.
public final class ManualTimers: Timers {
    private struct State {
        var pending: [(duration: Duration, action: @Sendable () -> Void)] = []
        var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    public init() {}

    public func after(_ duration: Duration, _ action: @escaping @Sendable () -> Void) {
        let watching = self.state.withLock { state in
            state.pending.append((duration, action))
            let count = state.pending.count
            let watching = state.watchers.filter { $0.count <= count }
            state.watchers.removeAll { $0.count <= count }
            return watching.map(\.continuation)
        }
        for watcher in watching { watcher.resume() }
    }

    public var durations: [Duration] { self.state.withLock { $0.pending.map(\.duration) } }

    /// Returns once at least `count` timers wait.
    public func waitForTimers(_ count: Int = 1) async {
        await withCheckedContinuation { continuation in
            let isThere = self.state.withLock { state in
                if state.pending.count < count { state.watchers.append((count, continuation)) }
                return state.pending.count >= count
            }
            if isThere { continuation.resume() }
        }
    }

    /// Runs everything that waits now.
    public func fire() {
        let due = self.state.withLock { state in
            defer { state.pending.removeAll() }
            return state.pending
        }
        for timer in due { timer.action() }
    }
}

/// Counts nothing.
public struct NoMeters: Meters {
    public init() {}
    public func requestStarted(model: String, tier: TierName) {}
    public func requestFinished(_ facts: FinishedRequest) {}
    public func engineFailed(engine: EngineID, kind: String) {}
    public func batchLine(model: String, outcome: String) {}
    public func committed(group: Int, seconds: Double) {}
    public func set(gauge: GaugeName, _ value: Double) {}
}
