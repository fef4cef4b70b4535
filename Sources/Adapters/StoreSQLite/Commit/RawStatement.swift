import GRDBSQLite

/// A prepared statement of the C library, without the checks and observers that GRDB wraps around each execution.
///
/// Only for the commit path (docs/decisions/0003). Not for concurrent use. `finalize` must be called before the
/// connection closes.
struct RawStatement {
    private let handle: OpaquePointer

    init(_ sql: String, on connection: OpaquePointer) throws(SQLiteFailure) {
        var handle: OpaquePointer?
        let code = sqlite3_prepare_v3(
            connection, sql, Int32(sql.utf8.count), UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
        guard code == SQLITE_OK, let handle else {
            throw SQLiteFailure(code: code, message: String(cString: sqlite3_errmsg(connection)))
        }
        self.handle = handle
    }

    func finalize() { sqlite3_finalize(self.handle) }

    // A bind fails only for a wrong index or a value that is too long; the step after it then reports the fault, or
    // `NOT NULL` does.

    func bind(_ index: Int32, _ value: Int64) { sqlite3_bind_int64(self.handle, index, value) }

    func bind(_ index: Int32, _ value: Int64?) {
        if let value { self.bind(index, value) } else { sqlite3_bind_null(self.handle, index) }
    }

    func bind(_ index: Int32, _ value: String) {
        sqlite3_bind_text(self.handle, index, value, Int32(clamping: value.utf8.count), Self.transient)
    }

    /// The arena must not be reset before `run` returns.
    func bind(_ index: Int32, _ value: String, in arena: TextArena) {
        let text = arena.copy(value)
        sqlite3_bind_text(self.handle, index, text.baseAddress, Int32(clamping: text.count), nil)
    }

    func bind(_ index: Int32, _ value: String?, in arena: TextArena) {
        if let value { self.bind(index, value, in: arena) } else { sqlite3_bind_null(self.handle, index) }
    }

    /// The bytes must live until `run` returns.
    func bind(_ index: Int32, borrowing bytes: UnsafeRawBufferPointer) {
        if let base = bytes.baseAddress, !bytes.isEmpty {
            sqlite3_bind_blob64(self.handle, index, base, UInt64(bytes.count), nil)
        } else {
            sqlite3_bind_zeroblob(self.handle, index, 0)
        }
    }

    /// Runs a statement that returns no rows. - Returns: the number of changed rows.
    @discardableResult
    func run() throws(SQLiteFailure) -> Int32 {
        let code = sqlite3_step(self.handle)
        guard code == SQLITE_DONE || code == SQLITE_ROW else { throw self.failure() }
        let connection = sqlite3_db_handle(self.handle)
        let changes = sqlite3_changes(connection)
        sqlite3_reset(self.handle)
        return changes
    }

    /// Runs a statement and reads its first row, if there is one.
    func first<Value>(_ read: (OpaquePointer) -> Value) throws(SQLiteFailure) -> Value? {
        let code = sqlite3_step(self.handle)
        switch code {
        case SQLITE_ROW:
            let value = read(self.handle)
            sqlite3_reset(self.handle)
            return value
        case SQLITE_DONE:
            sqlite3_reset(self.handle)
            return nil
        default:
            throw self.failure()
        }
    }

    private func failure() -> SQLiteFailure {
        let connection = sqlite3_db_handle(self.handle)
        let failure = SQLiteFailure(
            code: sqlite3_extended_errcode(connection), message: String(cString: sqlite3_errmsg(connection)))
        sqlite3_reset(self.handle)
        return failure
    }

    /// SQLITE_TRANSIENT: SQLite makes its own copy.
    private static var transient: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }
}
