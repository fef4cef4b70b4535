import Foundation
import Gateway
import GRDB
import Quantities
import StoreSQLite
import Testing

@Suite("Whether a blob is still needed") struct InputIndexTests {
    /// What the database does for the question, a step each.
    private static func plan(_ folder: String) async throws -> [String] {
        try await DatabaseQueue(path: folder + "/ebb.sqlite").read { db in
            try Row.fetchAll(
                db, sql: "EXPLAIN QUERY PLAN " + SQLiteStore.isReferencedQuery, arguments: ["blob": "b"]
            ).map { $0["detail"] }
        }
    }

    private static func scans(_ plan: [String]) -> [String] {
        plan.filter { $0.hasPrefix("SCAN ") && $0 != "SCAN CONSTANT ROW" }
    }

    @Test("is answered by indexes alone") func indexes() async throws {
        try await TemporaryFolder.with { folder in
            await (try SQLiteStore.open(folder: folder)).close()
            let plan = try await Self.plan(folder)
            #expect(Self.scans(plan).isEmpty, "\(plan)")
            for index in ["batch_input_blob", "batch_line_index"] {
                #expect(plan.contains { $0.contains(index) }, "\(plan)")
            }
        }
    }

    @Test("data of the version before get the indexes, and keep what they hold") func migration() async throws {
        try await TemporaryFolder.with { folder in
            let store = try SQLiteStore.open(folder: folder)
            try await store.insert(Samples.project())
            try await store.insert(Samples.batch())
            await store.close()
            try await DatabaseQueue(path: folder + "/ebb.sqlite").write { db in
                try db.execute(
                    sql: """
                        DELETE FROM grdb_migrations WHERE identifier = '0003_input_index';
                        DROP INDEX batch_input_blob;
                        DROP INDEX batch_line_index;
                        DROP INDEX file_batch;
                        """)
            }
            #expect(try await !Self.scans(Self.plan(folder)).isEmpty, "the version before reads every batch")
            let migrated = try SQLiteStore.open(folder: folder)
            #expect(try await migrated.batch("batch_a", project: "proj_a") == Samples.batch())
            await migrated.close()
            #expect(try await Self.scans(Self.plan(folder)).isEmpty)
        }
    }
}
