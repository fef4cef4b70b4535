public import Gateway
import Foundation
import GRDB
public import Quantities

extension SQLiteStore: ProjectStore {
    public func insert(_ project: ProjectRecord) async throws(StoreFailure) {
        try await self.write { db in
            try db.execute(
                sql: "INSERT INTO project (id, name, created_at, archived_at, spend_cap) VALUES (?, ?, ?, ?, ?)",
                arguments: [
                    project.id.text, project.name, project.createdAt.nanoseconds, project.archivedAt?.nanoseconds,
                    project.spendCap?.column,
                ])
        }
    }

    public func project(_ id: ProjectID) async throws(StoreFailure) -> ProjectRecord? {
        try await self.read { db in
            try Row.fetchOne(db, sql: "SELECT * FROM project WHERE id = ?", arguments: [id.text])
                .map(Self.project)
        }
    }

    public func project(named name: String) async throws(StoreFailure) -> ProjectRecord? {
        try await self.read { db in
            try Row.fetchOne(db, sql: "SELECT * FROM project WHERE name = ?", arguments: [name])
                .map(Self.project)
        }
    }

    public func projects() async throws(StoreFailure) -> [ProjectRecord] {
        try await self.read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM project ORDER BY created_at, id").map(Self.project)
        }
    }

    public func update(_ project: ProjectRecord) async throws(StoreFailure) {
        try await self.write { db in
            try db.execute(
                sql: "UPDATE project SET name = ?, archived_at = ?, spend_cap = ? WHERE id = ?",
                arguments: [
                    project.name, project.archivedAt?.nanoseconds, project.spendCap?.column, project.id.text,
                ])
            guard db.changesCount == 1 else { throw StoreFailure.notFound }
        }
    }

    public func insert(_ key: KeyRecord) async throws(StoreFailure) {
        try await self.write { db in
            try db.execute(
                sql: """
                    INSERT INTO api_key (id, project, name, hash, hint, created_at, revoked_at)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    key.id.text, key.project.text, key.name, Data(key.hash.bytes), key.hint, key.createdAt.nanoseconds,
                    key.revokedAt?.nanoseconds,
                ])
        }
    }

    public func keys(of project: ProjectID?) async throws(StoreFailure) -> [KeyRecord] {
        try await self.read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM api_key WHERE ?1 IS NULL OR project = ?1 ORDER BY created_at, id",
                arguments: [project?.text]
            ).map(Self.key)
        }
    }

    public func revoke(_ key: KeyID, at instant: Instant) async throws(StoreFailure) -> Bool {
        try await self.write { db in
            try db.execute(
                sql: "UPDATE api_key SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?",
                arguments: [instant.nanoseconds, key.text])
            return db.changesCount == 1
        }
    }

    public func accessGeneration() async throws(StoreFailure) -> Int64 {
        let generation = try await self.read { try Int64.fetchOne($0, sql: "SELECT access_generation FROM meta") }
        guard let generation else { throw .unavailable("the database is damaged: `meta` is empty") }
        return generation
    }

    private static func project(_ row: Row) throws -> ProjectRecord {
        ProjectRecord(
            id: row.id("id"), name: row["name"], createdAt: row.instant("created_at"),
            archivedAt: row.instant("archived_at"), spendCap: try Money(column: row["spend_cap"]))
    }

    private static func key(_ row: Row) throws -> KeyRecord {
        let hash: Data = row["hash"]
        return KeyRecord(
            id: row.id("id"), project: row.id("project"), name: row["name"], hash: KeyHash([UInt8](hash)),
            hint: row["hint"], createdAt: row.instant("created_at"), revokedAt: row.instant("revoked_at"))
    }
}
