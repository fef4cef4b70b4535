public import Quantities
public import Routing
import Synchronization

/// The routing table and the engines' present state, behind one lock.
public final class EngineDirectory: Sendable {
    private struct State {
        var table: RoutingTable
        var chooser = EngineChooser()
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
    func admit(_ id: EngineID, of targets: [EngineTarget], now: Instant) -> (target: EngineTarget, engine: Engine)? {
        guard let target = targets.first(where: { $0.engine == id }) else { return nil }
        return self.state.withLock {
            guard let engine = $0.table.engines[id], $0.chooser.admits(id, now: now) else { return nil }
            return (target, engine)
        }
    }

    public func finished(_ engine: EngineID, failure: EngineFailure?, now: Instant) {
        self.state.withLock { $0.chooser.finished(engine, failure: failure, now: now) }
    }

    /// Gives back a place that was chosen but not used: says nothing about the engine's health.
    public func released(_ engine: EngineID, now: Instant) {
        self.state.withLock { $0.chooser.released(engine, now: now) }
    }

    public func isAvailable(_ engine: EngineID, now: Instant) -> Bool {
        self.state.withLock { $0.chooser.isAvailable(engine, now: now) }
    }

    public func inFlight(_ engine: EngineID) -> Int { self.state.withLock { $0.chooser.inFlight(engine) } }
}
