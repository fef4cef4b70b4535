import Foundation
import Gateway
import GRDB
import Ledger
import Quantities
import StoreSQLite
import Testing

@Suite("Sums of charges that are stored now and then") struct ChargeCountTests {
    private static let each: Int128 = 1_500_000_000

    private static func commit(_ numbers: Range<Int>, to store: SQLiteStore) async throws {
        try await withThrowingTaskGroup(of: CommitResult.self) { group in
            for number in numbers {
                let project: ProjectID = number.isMultiple(of: 4) ? "proj_b" : "proj_a"
                let charge = Samples.charge(RequestID("req_\(number)"), project: project, amount: Self.each)
                group.addTask { try await store.commit(.charge(charge)) }
            }
            for try await result in group { #expect(result == .committed) }
        }
    }

    private static func check(_ store: SQLiteStore, charges: Int) async throws {
        let ofB = (charges + 3) / 4
        #expect(try await store.spent(project: "proj_a").picodollars == Int128(charges - ofB) * Self.each)
        #expect(try await store.spent(project: "proj_b").picodollars == Int128(ofB) * Self.each)
        #expect(try await store.spent().values.reduce(0) { $0 + $1.picodollars } == Int128(charges) * Self.each)
        let output = try await store.outputStatistics(model: "small")
        #expect(output == OutputStatistics(requests: Int64(charges), outputTokens: Int64(charges) * 20))
    }

    @Test("sums are exact before, at and after they are stored, and after a start")
    func exact() async throws {
        try await TemporaryFolder.with { folder in
            let store = try SQLiteStore.open(folder: folder)
            try await Self.commit(0..<1_000, to: store)
            #expect(try await store.run("SELECT through FROM counted") == ["0"])
            try await Self.check(store, charges: 1_000)
            try await Self.commit(1_000..<1_100, to: store)
            let through = try #require(Int(try await store.run("SELECT through FROM counted")[0]))
            #expect((1_024...1_100).contains(through))
            try await Self.check(store, charges: 1_100)
            await store.close()

            // What the last life left uncounted goes on counting in this one.
            let next = try SQLiteStore.open(folder: folder)
            try await Self.check(next, charges: 1_100)
            try await Self.commit(1_100..<2_200, to: next)
            #expect(try #require(Int(try await next.run("SELECT through FROM counted")[0])) > through)
            try await Self.check(next, charges: 2_200)
            await next.close()
        }
    }

    @Test("a charge that came twice is summed once")
    func duplicates() async throws {
        try await TemporaryFolder.with { folder in
            let store = try SQLiteStore.open(folder: folder)
            try await Self.commit(0..<1_020, to: store)
            for number in 0..<20 {
                let again = Samples.charge(RequestID("req_\(number)"), amount: Self.each)
                #expect(try await store.commit(.charge(again)) == .duplicate)
            }
            #expect(try await store.run("SELECT through FROM counted") == ["0"])
            try await Self.check(store, charges: 1_020)
            await store.close()
        }
    }

    @Test("data of the version before, whose sums are complete, are not counted twice")
    func migration() async throws {
        try await TemporaryFolder.with { folder in
            let store = try SQLiteStore.open(folder: folder)
            try await Self.commit(0..<8, to: store)
            await store.close()
            try await DatabaseQueue(path: folder + "/ebb.sqlite").write { db in
                try db.execute(
                    sql: """
                        DELETE FROM grdb_migrations WHERE identifier = '0002_counted_charges';
                        DROP TABLE counted;
                        INSERT INTO spent VALUES ('proj_a', 0, 9000000000), ('proj_b', 0, 3000000000);
                        INSERT INTO model_output VALUES ('small', 8, 160);
                        """)
            }
            let migrated = try SQLiteStore.open(folder: folder)
            try await Self.check(migrated, charges: 8)
            try await Self.commit(8..<12, to: migrated)
            try await Self.check(migrated, charges: 12)
            await migrated.close()
        }
    }
}
