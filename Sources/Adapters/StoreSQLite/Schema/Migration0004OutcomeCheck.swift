import Gateway
import GRDB

/// Writes the check of a charge's outcome as comparisons: for a list of more than two values SQLite builds a temporary
/// table each time, a third of the instructions of a charge's commit (decision 0010).
///
/// What is stored does not change, so the text of the schema is all that is edited, as SQLite's documentation of ALTER
/// TABLE describes it for constraints.
enum Migration0004OutcomeCheck {
    static let name = "0004_outcome_check"

    static func apply(_ db: Database) throws {
        let version = try Int64.fetchOne(db, sql: "PRAGMA schema_version") ?? 0
        try db.execute(
            sql: """
                PRAGMA writable_schema = ON;
                UPDATE sqlite_schema SET sql = replace(
                    sql, 'outcome IN (''answered'', ''cancelled'', ''broken'')',
                    'outcome = ''answered'' OR outcome = ''cancelled'' OR outcome = ''broken''')
                WHERE type = 'table' AND name = 'charge';
                PRAGMA schema_version = \(version + 1);
                PRAGMA writable_schema = OFF;
                """)
        let isPlain = try Bool.fetchOne(
            db, sql: "SELECT sql LIKE '%(outcome = ''answered'' OR %' FROM sqlite_schema WHERE name = 'charge'")
        guard isPlain == true else { throw StoreFailure.unavailable("the table of charges is not as ebb made it") }
    }
}
