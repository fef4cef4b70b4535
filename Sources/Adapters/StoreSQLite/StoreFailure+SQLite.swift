import Gateway
import GRDB
import GRDBSQLite
import Quantities

/// A result code of SQLite that is not success, with its message.
struct SQLiteFailure: Error {
    /// The extended result code.
    let code: Int32
    let message: String

    /// True when the fault lies in the rows of one entry, so that others need not suffer from it.
    var isAboutOneEntry: Bool {
        switch self.code & 0xFF {
        case SQLITE_CONSTRAINT, SQLITE_MISMATCH, SQLITE_TOOBIG, SQLITE_RANGE: true
        default: false
        }
    }
}

extension StoreFailure {
    init(_ failure: SQLiteFailure) {
        switch ResultCode(rawValue: failure.code) {
        case .SQLITE_CONSTRAINT_UNIQUE, .SQLITE_CONSTRAINT_PRIMARYKEY, .SQLITE_CONSTRAINT_ROWID:
            self = .conflict(failure.message)
        case .SQLITE_CONSTRAINT_FOREIGNKEY:
            self = .notFound
        case _ where failure.isAboutOneEntry:
            self = .rejected("\(failure.message) (SQLite code \(failure.code))")
        default:
            switch failure.code & 0xFF {
            case SQLITE_FULL: self = .unavailable("the disk is full")
            case SQLITE_BUSY: self = .unavailable("another process keeps the database locked")
            case SQLITE_CORRUPT, SQLITE_NOTADB: self = .unavailable("the database is damaged: \(failure.message)")
            default: self = .unavailable("\(failure.message) (SQLite code \(failure.code))")
            }
        }
    }

    /// Any error of this adapter as the port's.
    init(wrapping error: any Error) {
        switch error {
        case let failure as StoreFailure: self = failure
        case let failure as SQLiteFailure: self.init(failure)
        case let failure as DatabaseError:
            self.init(
                SQLiteFailure(
                    code: failure.extendedResultCode.rawValue, message: failure.message ?? "unknown database error"))
        case let failure as QuantityError: self = .rejected("a number does not fit the database: \(failure)")
        default: self = .unavailable("\(error)")
        }
    }
}
