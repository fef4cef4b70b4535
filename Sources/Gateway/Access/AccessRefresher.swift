public import Logging
import Quantities

/// Takes over new and revoked keys, and changed spend caps, within a second of the command that made them; new keys
/// at once, when they are first used.
public actor AccessRefresher {
    /// Half of what is promised: a look takes its time, too.
    static let interval: Duration = .milliseconds(500)
    /// However many unknown keys come, the store is looked at this seldom for their sake.
    static let pauseAfterLook: Duration = .milliseconds(50)

    public nonisolated let keys: KeyDirectory
    private let store: any ProjectStore & LedgerStore
    private let holds: Holds
    private let clock: any GatewayClock
    /// Told of all projects before a new key works.
    private let learn: @Sendable ([ProjectRecord]) -> Void
    /// Called after keys or projects have changed.
    private let changed: @Sendable () -> Void
    private var lastLook: Instant?
    /// Someone is about to look for all who come before that.
    private var isLookDue = false
    private var isRefreshing = false
    private var turns: [CheckedContinuation<Void, Never>] = []
    private var waiters: [CheckedContinuation<Void, Never>] = []

    public init(
        keys: KeyDirectory, store: any ProjectStore & LedgerStore, holds: Holds, clock: any GatewayClock,
        learn: @escaping @Sendable ([ProjectRecord]) -> Void = { _ in },
        changed: @escaping @Sendable () -> Void = {}
    ) {
        self.keys = keys
        self.store = store
        self.holds = holds
        self.clock = clock
        self.learn = learn
        self.changed = changed
    }

    /// One at a time: of two that overlap, the one that read earlier must not have the last word on a cap.
    public func refresh() async throws(StoreFailure) {
        while self.isRefreshing { await withCheckedContinuation { self.turns.append($0) } }
        self.isRefreshing = true
        defer {
            self.isRefreshing = false
            if !self.turns.isEmpty { self.turns.removeFirst().resume() }
        }
        let hasChanged = try await self.keys.refresh { (projects) async throws(StoreFailure) in
            self.learn(projects)
            // Read before any key of the project works. What it is charged from then on counts as it is settled, cap or
            // not: a sum that is read meanwhile has charges of which it is not known whether they are settled.
            let isNew = projects.contains { !self.holds.isOpen($0.id) }
            let spent = isNew ? try await self.store.spent() : [:]
            for project in projects {
                self.holds.open(project.id, cap: project.spendCap, spent: spent[project.id] ?? .zero)
            }
        }
        if hasChanged { self.changed() }
    }

    /// Returns after a look at the store that began after this call: a key that is still unknown does not exist.
    ///
    /// Calls share looks, so that a flood of wrong keys costs the store one small read every `pauseAfterLook`.
    public func lookAgain() async {
        if self.isLookDue {
            await withCheckedContinuation { self.waiters.append($0) }
            return
        }
        self.isLookDue = true
        if let last = self.lastLook {
            let pause = last.advanced(by: Self.pauseAfterLook).since(self.clock.now)
            if pause > .zero { try? await self.clock.sleep(for: pause) }
        }
        self.lastLook = self.clock.now
        self.isLookDue = false
        let waiting = self.waiters
        self.waiters = []
        // Where the store fails, the keys that are known stay the ones that work.
        try? await self.refresh()
        for waiter in waiting { waiter.resume() }
    }

    public func run(logger: Logger) async {
        while (try? await self.clock.sleep(for: Self.interval)) != nil {
            do throws(StoreFailure) { try await self.refresh() } catch {
                logger.error("keys could not be refreshed", metadata: ["reason": "\(error)"])
            }
        }
    }
}
