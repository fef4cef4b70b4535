import Foundation
import Gateway
import GRDB
import Ledger
import Quantities
import StoreSQLite
import Testing

@Suite("Data of earlier versions") struct MigrationTests {
    private static let list = "outcome IN (''answered'', ''cancelled'', ''broken'')"
    private static let plain =
        "outcome = ''answered'' OR outcome = ''cancelled'' OR outcome = ''broken''"
        + " OR outcome = ''refused''"

    @Test("the check of a charge's outcome needs no temporary table, and still refuses what is no outcome")
    func outcomeCheck() async throws {
        try await TemporaryFolder.with { folder in
            let store = try SQLiteStore.open(folder: folder)
            #expect(try await store.commit(.charge(Samples.charge("req_a"))) == .committed)
            await store.close()
            try await Self.makeFirstVersion(folder)
            let migrated = try SQLiteStore.open(folder: folder)
            #expect(try await migrated.commit(.charge(Samples.charge("req_a"))) == .duplicate)
            #expect(try await migrated.commit(.charge(Samples.charge("req_b"))) == .committed)
            let charges = try await migrated.charges(ChargeFilter(), after: 0, limit: 10)
            #expect(charges.map(\.charge.request) == ["req_a", "req_b"])
            #expect(try await migrated.run("PRAGMA integrity_check") == ["ok"])
            await migrated.close()
            try await DatabaseQueue(path: folder + "/ebb.sqlite").write { db in
                #expect(try Self.temporaryTables(db) == 0)
                #expect(throws: DatabaseError.self) { try db.execute(sql: "UPDATE charge SET outcome = 'other'") }
                for outcome in ["answered", "cancelled", "broken", "refused"] {
                    try db.execute(sql: "UPDATE charge SET outcome = ?", arguments: [outcome])
                }
            }
        }
    }

    /// Gives the table of charges the check that it had at first.
    private static func makeFirstVersion(_ folder: String) async throws {
        try await DatabaseQueue(path: folder + "/ebb.sqlite").write { db in
            try db.execute(
                sql: """
                    DELETE FROM grdb_migrations 
                    WHERE identifier IN ('0004_outcome_check', '0005_refused_charges');
                    PRAGMA writable_schema = ON;
                    UPDATE sqlite_schema SET sql = replace(sql, '\(self.plain)', '\(self.list)')
                    WHERE name = 'charge';
                    PRAGMA schema_version = 1000;
                    """)
        }
        // A connection of its own: it reads the schema anew.
        let tables = try await DatabaseQueue(path: folder + "/ebb.sqlite").read { try self.temporaryTables($0) }
        #expect(tables == 1)
    }

    /// How many temporary tables a change of an outcome makes.
    private static func temporaryTables(_ db: Database) throws -> Int {
        let program = try Row.fetchAll(db, sql: "EXPLAIN UPDATE charge SET outcome = 'answered'")
        return program.count { ($0["opcode"] as String) == "OpenEphemeral" }
    }
}
