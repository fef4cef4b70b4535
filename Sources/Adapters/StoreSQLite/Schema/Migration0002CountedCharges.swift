import GRDB

/// How far `spent` and `model_output` have counted the charges. Before, each was counted when it was written.
enum Migration0002CountedCharges {
    static let name = "0002_counted_charges"

    static func apply(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE counted (
                    id INTEGER PRIMARY KEY CHECK (id = 0),
                    through INTEGER NOT NULL CHECK (through >= 0)
                ) STRICT;
                INSERT INTO counted SELECT 0, coalesce(max(id), 0) FROM charge;
                """)
    }
}
