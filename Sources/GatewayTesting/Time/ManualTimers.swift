public import Gateway
public import Quantities
import Synchronization

/// Timers that run when the test says so.
public final class ManualTimers: Timers {
    private let pending = Mutex<[(duration: Duration, action: @Sendable () -> Void)]>([])

    public init() {}

    public func after(_ duration: Duration, _ action: @escaping @Sendable () -> Void) {
        self.pending.withLock { $0.append((duration, action)) }
    }

    public var durations: [Duration] { self.pending.withLock { $0.map(\.duration) } }

    /// Runs everything that waits now.
    public func fire() {
        let due = self.pending.withLock { pending in
            defer { pending.removeAll() }
            return pending
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
