public import Quantities
import Synchronization

/// Who is calling.
public struct Caller: Hashable, Sendable {
    public let project: ProjectID
    public let key: KeyID

    public init(project: ProjectID, key: KeyID) {
        self.project = project
        self.key = key
    }
}

/// Live keys in memory: one dictionary look-up per request. Reloaded when the store's access generation moves.
public final class KeyDirectory: Sendable {
    private struct Snapshot {
        var generation: Int64 = -1
        var callers: [KeyHash: Caller] = [:]
        var live: Set<Caller> = []
    }

    private let snapshot = Mutex(Snapshot())
    private let store: any ProjectStore

    public init(store: any ProjectStore) { self.store = store }

    /// The caller whose key hashes to `hash`, unless it is unknown, revoked or its project archived.
    public func caller(_ hash: KeyHash) -> Caller? { self.snapshot.withLock { $0.callers[hash] } }

    /// Whether a caller that was let in could come in now.
    public func isLive(_ caller: Caller) -> Bool { self.snapshot.withLock { $0.live.contains(caller) } }

    /// Reads keys and projects again when they changed, by whichever process.
    ///
    /// - Parameter prepare: is given the projects when something changed, before any new key works. What it throws, it
    ///   tries again at the next refresh.
    /// - Returns: whether they had changed.
    @discardableResult
    public func refresh(
        _ prepare: ([ProjectRecord]) async throws(StoreFailure) -> Void = { _ in }
    ) async throws(StoreFailure) -> Bool {
        let generation = try await self.store.accessGeneration()
        if self.snapshot.withLock({ $0.generation == generation }) { return false }
        let projects = try await self.store.projects()
        let live = Set(projects.filter { $0.archivedAt == nil }.map(\.id))
        var callers: [KeyHash: Caller] = [:]
        for key in try await self.store.keys(of: nil) where key.revokedAt == nil && live.contains(key.project) {
            callers[key.hash] = Caller(project: key.project, key: key.id)
        }
        try await prepare(projects)
        let loaded = callers
        return self.snapshot.withLock {
            // Refreshes may overtake each other.
            guard generation > $0.generation else { return false }
            $0.generation = generation
            $0.callers = loaded
            $0.live = Set(loaded.values)
            return true
        }
    }
}
