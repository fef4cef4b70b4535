import Foundation
public import Gateway
import GRDB
public import Quantities

extension SQLiteStore: IdempotencyStore {
    public func begin(
        _ record: IdempotencyRecord, notBefore: Instant
    ) async throws(StoreFailure) -> IdempotencyRecord? {
        try await self.write { db in
            let existing = try Row.fetchOne(
                db,
                sql: """
                    SELECT * FROM idempotency
                    WHERE project = ? AND route = ? AND idempotency_key = ? AND created_at >= ?
                    """,
                arguments: [record.project.text, record.route, record.key, notBefore.nanoseconds])
            if let existing { return Self.idempotency(existing) }
            try db.execute(
                sql: """
                    INSERT OR REPLACE INTO idempotency (
                        project, route, idempotency_key, fingerprint, created_at, status, body
                    ) VALUES (?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    record.project.text, record.route, record.key, Data(record.fingerprint),
                    record.createdAt.nanoseconds, record.status, record.body.map { Data($0) },
                ])
            return nil
        }
    }

    public func finish(_ record: IdempotencyRecord) async throws(StoreFailure) {
        try await self.write { db in
            try db.execute(
                sql: """
                    UPDATE idempotency SET status = ?, body = ?
                    WHERE project = ? AND route = ? AND idempotency_key = ?
                    """,
                arguments: [
                    record.status, record.body.map { Data($0) }, record.project.text, record.route, record.key,
                ])
            guard db.changesCount == 1 else { throw StoreFailure.notFound }
        }
    }

    public func abandon(project: ProjectID, route: String, key: String) async throws(StoreFailure) {
        try await self.write { db in
            try db.execute(
                sql: """
                    DELETE FROM idempotency
                    WHERE project = ? AND route = ? AND idempotency_key = ? AND status IS NULL
                    """,
                arguments: [project.text, route, key])
        }
    }

    public func deleteIdempotency(before: Instant) async throws(StoreFailure) {
        try await self.write { db in
            try db.execute(sql: "DELETE FROM idempotency WHERE created_at < ?", arguments: [before.nanoseconds])
        }
    }

    private static func idempotency(_ row: Row) -> IdempotencyRecord {
        let fingerprint: Data = row["fingerprint"]
        let body: Data? = row["body"]
        return IdempotencyRecord(
            project: row.id("project"), route: row["route"], key: row["idempotency_key"],
            fingerprint: [UInt8](fingerprint), createdAt: row.instant("created_at"), status: row["status"],
            body: body.map { [UInt8]($0) })
    }
}
