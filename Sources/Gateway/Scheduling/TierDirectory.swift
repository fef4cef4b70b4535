public import Logging
import Quantities
public import Scheduling
import Synchronization

/// The tiers that are in force: one look at a snapshot for each request, replaced when projects change.
public final class TierDirectory: Sendable {
    private struct State: Sendable {
        var table: TierTable
        /// Names that were warned of; one that gets its project and loses it again is told again.
        var unknown: Set<String> = []
    }

    private let settings: TierSettings
    private let scheduler: WorkScheduler
    private let logger: Logger
    private let state: Mutex<State>

    /// - Throws: where the settings contradict themselves.
    public init(
        _ settings: TierSettings = TierSettings(), scheduler: WorkScheduler, logger: Logger
    ) throws(TierTable.Flaw) {
        self.settings = settings
        self.scheduler = scheduler
        self.logger = logger
        self.state = Mutex(State(table: try settings.bound(to: []).table))
    }

    public var table: TierTable { self.state.withLock { $0.table } }

    /// Takes over which projects there are.
    public func learn(_ projects: [ProjectRecord]) {
        guard let bound = try? self.settings.bound(to: projects.map { (id: $0.id, name: $0.name) }) else { return }
        let unheard = self.state.withLock { state -> [String] in
            defer {
                state.table = bound.table
                state.unknown = Set(bound.unknown)
            }
            return bound.unknown.filter { !state.unknown.contains($0) }
        }
        self.scheduler.send(bound.weights.sorted { $0.key < $1.key }.map { .weight($0.key, Double($0.value)) })
        for name in unheard {
            self.logger.warning(
                "the configuration names a project that does not exist; what it says holds once there is one",
                metadata: ["project": "\(name)"])
        }
    }
}
