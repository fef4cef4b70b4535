import GRDB

/// Lets one entry stand for many refusals: a client that comes again every five seconds would write 17,280 a day.
/// Without a check, which SQLite would try on every row of the ledger.
enum Migration0006CountedRefusals {
    static let name = "0006_counted_refusals"

    static func apply(_ db: Database) throws {
        try db.execute(sql: "ALTER TABLE charge ADD COLUMN requests INTEGER NOT NULL DEFAULT 1")
    }
}
