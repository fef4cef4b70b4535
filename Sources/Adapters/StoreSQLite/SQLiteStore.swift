public import Gateway
import Glibc
import GRDB
import Synchronization

/// All stores of the gateway in one SQLite database, `ebb.sqlite` in the data folder.
///
/// Reads run on a few reader connections, changes one after the other on one writer connection, durable (WAL with
/// `synchronous = FULL`) before they return. Any number of processes may open a folder; one may serve it. A task's
/// cancellation never interrupts a change half-way.
public final class SQLiteStore: Sendable {
    let pool: DatabasePool
    let folder: StoreFolder
    let groupCommit: GroupCommit
    /// The descriptor whose lock says that this process serves the folder.
    let servingLock = Mutex<Int32?>(nil)
    private let isClosed = Mutex(false)

    private init(pool: DatabasePool, folder: StoreFolder, settings: CommitSettings) {
        self.pool = pool
        self.folder = folder
        self.groupCommit = GroupCommit(pool: pool, settings: settings)
    }

    /// Opens the folder, creating it and bringing its schema up to date.
    ///
    /// - Throws: `tooNew` for data of a later version, `unavailable` when the disk or the file says no.
    public static func open(
        folder path: String, settings: CommitSettings = CommitSettings()
    ) throws(StoreFailure) -> SQLiteStore {
        let folder = StoreFolder(path: path)
        try folder.prepare()
        return try folder.whileOpening { () throws(StoreFailure) in
            do {
                let pool = try Self.openPool(folder.database)
                return SQLiteStore(pool: pool, folder: folder, settings: settings)
            } catch {
                throw StoreFailure(wrapping: error)
            }
        }
    }

    /// Seconds that a change waits for another process before it fails.
    private static let busySeconds = 10.0
    private static let readersMax = 4

    private static func openPool(_ path: String) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.label = "ebb.store"
        configuration.busyMode = .timeout(self.busySeconds)
        configuration.foreignKeysEnabled = true
        configuration.maximumReaderCount = self.readersMax
        configuration.prepareDatabase { db in
            // KiB when negative: 16 MiB a connection.
            try db.execute(sql: "PRAGMA cache_size = -16384")
        }
        let pool = try DatabasePool(path: path, configuration: configuration)
        try StoreSchema.bringUpToDate(pool)
        try pool.writeWithoutTransaction { db in
            // The pool itself sets NORMAL when it opens, after `prepareDatabase`: only a later statement lasts.
            try db.execute(
                sql: """
                    PRAGMA synchronous = FULL;
                    PRAGMA journal_size_limit = 67108864;
                    PRAGMA wal_autocheckpoint = 4000;
                    """)
            guard
                try Int.fetchOne(db, sql: "PRAGMA synchronous") == 2,
                try String.fetchOne(db, sql: "PRAGMA journal_mode") == "wal",
                try Int.fetchOne(db, sql: "PRAGMA foreign_keys") == 1
            else {
                throw StoreFailure.unavailable("the database does not accept the durability settings")
            }
        }
        return pool
    }

    /// Waits for queued commits and closes. Idempotent.
    public func close() async {
        let isFirst = self.isClosed.withLock { closed in
            defer { closed = true }
            return !closed
        }
        guard isFirst else { return }
        await self.groupCommit.close()
        await withCheckedContinuation { continuation in
            self.pool.asyncWriteWithoutTransaction { _ in continuation.resume() }
        }
        // Nothing is lost if this fails: what was acknowledged is on disk, and the connection ends with the process.
        try? self.pool.close()
        self.servingLock.withLock { lock in
            if let descriptor = lock { Glibc.close(descriptor) }
            lock = nil
        }
    }
}

extension SQLiteStore {
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreFailure) -> Value {
        let result: Result<Value, StoreFailure> = await withCheckedContinuation { continuation in
            self.pool.asyncRead { database in
                continuation.resume(
                    returning: Result { try body(try database.get()) }.mapError { StoreFailure(wrapping: $0) })
            }
        }
        return try result.get()
    }

    /// One immediate transaction. Not GRDB's `async` one: that one gives up when its task is cancelled.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreFailure) -> Value {
        let result: Result<Value, StoreFailure> = await withCheckedContinuation { continuation in
            self.pool.asyncWriteWithoutTransaction { db in
                let outcome = Result {
                    var value: Value?
                    try db.inTransaction(.immediate) {
                        value = try body(db)
                        return .commit
                    }
                    guard let value else { throw StoreFailure.unavailable("the transaction gave no result") }
                    return value
                }
                continuation.resume(returning: outcome.mapError { StoreFailure(wrapping: $0) })
            }
        }
        return try result.get()
    }
}

extension SQLiteStore {
    /// Runs one statement on the writer connection and returns its first column as text, for tests of its settings.
    package func run(_ sql: String) async throws(StoreFailure) -> [String] {
        let result: Result<[String], StoreFailure> = await withCheckedContinuation { continuation in
            self.pool.asyncWriteWithoutTransaction { db in
                continuation.resume(
                    returning: Result { try String.fetchAll(db, sql: sql) }.mapError { StoreFailure(wrapping: $0) })
            }
        }
        return try result.get()
    }
}
