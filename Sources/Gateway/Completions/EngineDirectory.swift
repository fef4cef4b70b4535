public import Quantities
public import Routing
import Synchronization

/// The routing table and the engines' present state, behind one lock.
public final class EngineDirectory: Sendable {
    private struct State {
        var table: RoutingTable
        var breakers = EngineBreakers()
    }

    private let state: Mutex<State>
    /// In a struct of its own: a bare closure in a generic box gets one more thunk around it at every access.
    private struct Learner: Sendable {
        let learn: @Sendable (RoutingTable) -> Void
    }

    private let learner = Mutex<Learner?>(nil)

    public init(table: RoutingTable) { self.state = Mutex(State(table: table)) }

    public var table: RoutingTable { self.state.withLock { $0.table } }

    public func replace(_ table: RoutingTable) {
        self.state.withLock { $0.table = table }
        self.learner.withLock { $0 }?.learn(table)
    }

    /// Called with each table that replaces the one before.
    func onReplace(_ action: @escaping @Sendable (RoutingTable) -> Void) {
        self.learner.withLock { $0 = Learner(learn: action) }
    }

    public func targets(for model: String) -> [EngineTarget]? { self.state.withLock { $0.table.targets(for: model) } }

    /// Counts one call in flight at this engine, unless its breaker refuses; `finished` or `released` must follow.
    ///
    /// - Parameter waits: the breaker of the model may refuse, too.
    func admit(
        _ id: EngineID, of targets: [EngineTarget], waits: Bool = false, now: Instant
    ) -> (target: EngineTarget, engine: Engine)? {
        guard let target = targets.first(where: { $0.engine == id }) else { return nil }
        return self.state.withLock {
            guard let engine = $0.table.engines[id], $0.breakers.admits(target, waits: waits, now: now) else {
                return nil
            }
            return (target, engine)
        }
    }

    /// See `EngineBreakers.reached`.
    func reached(_ engine: EngineID) -> Bool { self.state.withLock { $0.breakers.reached(engine) } }

    /// - Parameter request: the same for all attempts at a request.
    public func finished(_ target: EngineTarget, of request: RequestID, failure: EngineFailure?, now: Instant) {
        self.state.withLock { $0.breakers.finished(target, of: request, failure: failure, now: now) }
    }

    /// Gives back a place that was chosen but not used: says nothing about the engine's health.
    public func released(_ target: EngineTarget, now: Instant) {
        self.state.withLock { $0.breakers.released(target, now: now) }
    }

    public func isAvailable(_ engine: EngineID, now: Instant) -> Bool {
        self.state.withLock { $0.breakers.isAvailable(engine, now: now) }
    }

    /// See `EngineBreakers.isReached`.
    func isReached(_ engine: EngineID) -> Bool { self.state.withLock { $0.breakers.isReached(engine) } }

    /// Whether the engine may be asked for the model: it can be reached, and the model does not rest there.
    public func isAvailable(_ target: EngineTarget, now: Instant) -> Bool {
        self.state.withLock {
            $0.breakers.isAvailable(target.engine, now: now) && !$0.breakers.isResting(target, now: now)
        }
    }

    /// The engines among which a model's requests are shared: without those where it rests, unless it does at all.
    func serving(_ targets: [EngineTarget], now: Instant) -> [EngineTarget] {
        self.state.withLock { state in
            guard !state.breakers.isFailingNowhere else { return targets }
            let serving = targets.filter { !state.breakers.isResting($0, now: now) }
            return serving.isEmpty ? targets : serving
        }
    }

    public func inFlight(_ engine: EngineID) -> Int { self.state.withLock { $0.breakers.inFlight(engine) } }
}
