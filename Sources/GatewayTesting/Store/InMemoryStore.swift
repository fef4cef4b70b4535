public import Gateway
public import Ledger
import Quantities
import Synchronization

/// Every store of the gateway in memory, with the same promises as the databases. Unbounded: for tests only.
///
/// Commits are durable at once and call back on the caller's thread, unless `holdCommits` keeps them.
public final class InMemoryStore: Sendable {
    struct State {
        var projects: [ProjectID: ProjectRecord] = [:]
        var keys: [KeyRecord] = []
        var accessGeneration: Int64 = 0
        var files: [FileID: FileRecord] = [:]
        var uploads: [UploadID: UploadRecord] = [:]
        var parts: [UploadPartRecord] = []
        var batches: [BatchID: BatchRecord] = [:]
        var lines: [BatchID: [Int32: LineCommit]] = [:]
        var charges: [Charge] = []
        var chargedRequests: Set<RequestID> = []
        var modelOutput: [String: OutputStatistics] = [:]
        var idempotency: [IdempotencyName: IdempotencyRecord] = [:]
        var bootEpoch: Int64 = 0
        var isServing = false
        var isClosed = false
        var commitFailure: StoreFailure?
        var updateFailure: StoreFailure?
        var refusedUpdates = 0
        var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
        var holdsCommits = false
        var held: [HeldCommit] = []
    }

    struct IdempotencyName: Hashable {
        var project: ProjectID
        var route: String
        var key: String
    }

    struct HeldCommit {
        var entry: CommitEntry
        var done: @Sendable (Result<CommitResult, StoreFailure>) -> Void
    }

    let state = Mutex(State())

    public init() {}

    /// While set, each commit fails with it and writes nothing: a full disk.
    public var commitFailure: StoreFailure? {
        get { self.state.withLock { $0.commitFailure } }
        set { self.state.withLock { $0.commitFailure = newValue } }
    }

    /// While set, each update of a batch fails with it and writes nothing.
    public var updateFailure: StoreFailure? {
        get { self.state.withLock { $0.updateFailure } }
        set { self.state.withLock { $0.updateFailure = newValue } }
    }

    /// Returns once `updateFailure` has refused this many updates in all.
    public func waitForRefusedUpdates(_ count: Int = 1) async {
        await withCheckedContinuation { continuation in
            let isThere = self.state.withLock { state in
                if state.refusedUpdates < count { state.watchers.append((count, continuation)) }
                return state.refusedUpdates >= count
            }
            if isThere { continuation.resume() }
        }
    }

    /// From now on commits wait until `releaseCommits`: a slow disk.
    public func holdCommits() { self.state.withLock { $0.holdsCommits = true } }

    public var heldCommits: Int { self.state.withLock { $0.held.count } }

    /// Writes what was held, in order, and holds no more.
    public func releaseCommits() {
        let held = self.state.withLock { state in
            state.holdsCommits = false
            defer { state.held = [] }
            return state.held
        }
        for commit in held { self.commit(commit.entry, done: commit.done) }
    }

    /// All charges, in the order they were written.
    public var allCharges: [Charge] { self.state.withLock { $0.charges } }

    func change<Value>(
        _ body: (inout sending State) throws(StoreFailure) -> sending Value
    ) throws(StoreFailure) -> sending Value {
        try self.state.withLock { (state: inout sending State) throws(StoreFailure) -> sending Value in
            if state.isClosed { throw .unavailable("the store is closed") }
            return try body(&state)
        }
    }
}

extension InMemoryStore: ServingStore {
    public func beginServing() async throws(StoreFailure) -> Int64 {
        try self.change { state throws(StoreFailure) in
            if state.isServing { throw .locked("the store in memory is already being served") }
            state.isServing = true
            state.bootEpoch += 1
            state.idempotency = state.idempotency.filter { $0.value.status != nil }
            return state.bootEpoch
        }
    }

    public func close() async {
        self.releaseCommits()
        self.state.withLock { state in
            state.isClosed = true
            state.isServing = false
        }
    }

    /// What a restart of the process would find.
    public func reopen() {
        self.state.withLock { state in
            state.isClosed = false
            state.isServing = false
        }
    }
}
