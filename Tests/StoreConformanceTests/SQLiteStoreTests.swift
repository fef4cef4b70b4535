import Foundation
import Gateway
import GRDB
import Ledger
import Quantities
import StoreSQLite
import Synchronization
import Testing

@Suite("The SQLite store") struct SQLiteStoreTests {
    @Test("its writer flushes each commit to the disk")
    func settings() async throws {
        try await TemporaryFolder.with { folder in
            let store = try SQLiteStore.open(folder: folder)
            #expect(try await store.run("PRAGMA synchronous") == ["2"])
            #expect(try await store.run("PRAGMA journal_mode") == ["wal"])
            #expect(try await store.run("PRAGMA foreign_keys") == ["1"])
            #expect(try await store.run("PRAGMA integrity_check") == ["ok"])
            await store.close()
        }
    }

    @Test("the folder and everything in it is the owner's only")
    func modes() async throws {
        try await TemporaryFolder.with { outer in
            let folder = outer + "/deep/data"
            let store = try SQLiteStore.open(folder: folder)
            _ = try await store.beginServing()
            try await store.insert(Samples.project())
            for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
                let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
                #expect(attributes[.posixPermissions] as? Int == 0o600, "\(name)")
            }
            let attributes = try FileManager.default.attributesOfItem(atPath: folder)
            #expect(attributes[.posixPermissions] as? Int == 0o700)
            await store.close()
        }
    }

    @Test("data of a later version is refused and left alone")
    func tooNew() async throws {
        try await TemporaryFolder.with { folder in
            await (try SQLiteStore.open(folder: folder)).close()
            try await DatabaseQueue(path: folder + "/ebb.sqlite").write { db in
                try db.execute(sql: "INSERT INTO grdb_migrations VALUES ('9999_from_the_future')")
            }
            #expect {
                _ = try SQLiteStore.open(folder: folder)
            } throws: { error in
                if case .tooNew = error as? StoreFailure { true } else { false }
            }
        }
    }

    @Test("a file that is no database is an error, not a crash")
    func damaged() async throws {
        try await TemporaryFolder.with { folder in
            try Data(repeating: 120, count: 8_192).write(to: URL(filePath: folder + "/ebb.sqlite"))
            #expect(throws: StoreFailure.self) { _ = try SQLiteStore.open(folder: folder) }
        }
    }

    @Test("a second server of a folder is refused by name; a second reader and writer is not")
    func secondProcess() async throws {
        try await TemporaryFolder.with { folder in
            let server = try SQLiteStore.open(folder: folder)
            _ = try await server.beginServing()
            let command = try SQLiteStore.open(folder: folder)
            await #expect {
                _ = try await command.beginServing()
            } throws: { error in
                guard case .locked(let text) = error as? StoreFailure else { return false }
                return text.contains("process \(getpid())")
            }
            let generation = try await server.accessGeneration()
            try await command.insert(Samples.project())
            #expect(try await server.project("proj_a") != nil)
            #expect(try await server.accessGeneration() > generation)
            await server.close()
            #expect(try await command.beginServing() == 2)
            await command.close()
        }
    }

    @Test("many openings of a new folder at once all succeed")
    func openingRace() async throws {
        try await TemporaryFolder.with { folder in
            try await withThrowingTaskGroup(of: SQLiteStore.self) { group in
                for _ in 0..<4 { group.addTask { try SQLiteStore.open(folder: folder) } }
                for try await store in group { await store.close() }
            }
        }
    }

    @Test("when a callback hears of success, a copy of the files holds the entry")
    func durableBeforeDone() async throws {
        try await TemporaryFolder.with { folder in
            let store = try SQLiteStore.open(folder: folder)
            let copies = folder + "-copy"
            defer { try? FileManager.default.removeItem(atPath: copies) }
            let result: Result<CommitResult, any Error> = await withCheckedContinuation { continuation in
                store.commit(.charge(Samples.charge("req_1"))) { result in
                    continuation.resume(
                        returning: Result {
                            try FileManager.default.copyItem(atPath: folder, toPath: copies)
                            return try result.get()
                        })
                }
            }
            #expect(try result.get() == .committed)
            let copy = try SQLiteStore.open(folder: copies)
            let requests = try await copy.charges(ChargeFilter(), after: 0, limit: 9).map(\.charge.request)
            #expect(requests == ["req_1"])
            await copy.close()
            await store.close()
        }
    }

    @Test("what a transaction wrote before a crash is gone, what was committed before it is there")
    func unfinishedTransaction() async throws {
        try await TemporaryFolder.with { folder in
            let store = try SQLiteStore.open(folder: folder)
            #expect(try await store.commit(.charge(Samples.charge("req_1"))) == .committed)
            let copies = folder + "-copy"
            defer { try? FileManager.default.removeItem(atPath: copies) }
            // A small cache makes SQLite write pages of the open transaction into the log.
            try await DatabaseQueue(path: folder + "/ebb.sqlite").writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA cache_size = 2")
                try db.inTransaction(.immediate) {
                    let before = try Self.size(of: folder + "/ebb.sqlite-wal")
                    for number in 0..<400 {
                        try db.execute(
                            sql: "INSERT INTO spent VALUES (?, 1, 1)", arguments: ["proj_\(number)"])
                    }
                    try db.execute(sql: "DELETE FROM charge")
                    #expect(try Self.size(of: folder + "/ebb.sqlite-wal") > before)
                    try FileManager.default.copyItem(atPath: folder, toPath: copies)
                    return .rollback
                }
            }
            let copy = try SQLiteStore.open(folder: copies)
            #expect(try await copy.charges(ChargeFilter(), after: 0, limit: 9).map(\.charge.request) == ["req_1"])
            #expect(try await copy.spent(project: "proj_7") == .zero)
            #expect(try await copy.commit(.charge(Samples.charge("req_2"))) == .committed)
            await copy.close()
            await store.close()
        }
    }

    private static func size(of path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.size] as? Int)
    }
}
