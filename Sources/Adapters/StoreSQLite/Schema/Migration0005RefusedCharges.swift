import Gateway
import GRDB

/// Lets a charge say that its request was refused for want of room: an entry of nothing, so that refusals can be found.
///
/// Only the check in the text of the schema is edited, as in ``Migration0004OutcomeCheck``.
enum Migration0005RefusedCharges {
    static let name = "0005_refused_charges"

    static func apply(_ db: Database) throws {
        let version = try Int64.fetchOne(db, sql: "PRAGMA schema_version") ?? 0
        try db.execute(
            sql: """
                PRAGMA writable_schema = ON;
                UPDATE sqlite_schema SET sql = replace(
                    sql, 'OR outcome = ''broken''', 'OR outcome = ''broken'' OR outcome = ''refused''')
                WHERE type = 'table' AND name = 'charge';
                PRAGMA schema_version = \(version + 1);
                PRAGMA writable_schema = OFF;
                """)
        let isDone = try Bool.fetchOne(
            db, sql: "SELECT sql LIKE '%outcome = ''refused''%' FROM sqlite_schema WHERE name = 'charge'")
        guard isDone == true else { throw StoreFailure.unavailable("the table of charges is not as ebb made it") }
    }
}
