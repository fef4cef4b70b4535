import Gateway
import GRDB

/// Edits the check of a charge's outcome in the text of the schema.
///
/// What is stored does not change, so nothing else is touched, as SQLite's documentation of ALTER TABLE describes for
/// constraints.
enum OutcomeCheck {
    /// - Parameters: text as it stands between quotes of SQL.
    /// - Throws: when the table has no such check afterwards.
    static func replace(_ old: String, with new: String, proof: String, in db: Database) throws {
        let version = try Int64.fetchOne(db, sql: "PRAGMA schema_version") ?? 0
        try db.execute(
            sql: """
                PRAGMA writable_schema = ON;
                UPDATE sqlite_schema SET sql = replace(sql, '\(old)', '\(new)')
                WHERE type = 'table' AND name = 'charge';
                PRAGMA schema_version = \(version + 1);
                PRAGMA writable_schema = OFF;
                """)
        let isDone = try Bool.fetchOne(
            db, sql: "SELECT sql LIKE '%\(proof)%' FROM sqlite_schema WHERE name = 'charge'")
        guard isDone == true else { throw StoreFailure.unavailable("the table of charges is not as ebb made it") }
    }
}
