import Gateway
import Quantities
import Synchronization

/// Watches for engines that cannot be used: since when nothing but such failures was seen.
final class RunMeters: Meters {
    /// Why engines cannot be used, and since when.
    struct Trouble: Sendable {
        var kind: String
        var since: Instant
    }

    private let clock: any GatewayClock
    private let state = Mutex<Trouble?>(nil)

    init(clock: any GatewayClock) { self.clock = clock }

    var trouble: Trouble? { self.state.withLock { $0 } }

    func engineFailed(engine: EngineID, kind: String) {
        let now = self.clock.now
        self.state.withLock { state in
            switch kind {
            case "unreachable", "timeout", "credential", "billing":
                state = Trouble(kind: kind, since: state?.since ?? now)
            default:
                state = nil
            }
        }
    }

    func batchLine(model: String, outcome: String) { self.state.withLock { $0 = nil } }

    func requestStarted(model: String, tier: TierName) {}
    func requestFinished(_ facts: FinishedRequest) {}
    func committed(group: Int, seconds: Double) {}
    func set(gauge: GaugeName, _ value: Double) {}
}
