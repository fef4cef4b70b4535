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
        try await self.write { try Self.finish(record, $0) }
    }

    /// The second half of a transaction that stores what the request of a key made.
    static func finish(_ record: IdempotencyRecord, _ db: Database) throws {
        Failpoint.hit("answer.storing")
        try db.execute(
            sql: "UPDATE idempotency SET status = ?, body = ? WHERE \(Self.isHeld)",
            arguments: [record.status, record.body.map { Data($0) }] + Self.holder(record))
        guard db.changesCount == 1 else { throw StoreFailure.notFound }
    }

    public func abandon(_ record: IdempotencyRecord) async throws(StoreFailure) {
        try await self.write { db in
            try db.execute(sql: "DELETE FROM idempotency WHERE \(Self.isHeld)", arguments: Self.holder(record))
        }
    }

    private static let isHeld =
        "project = ? AND route = ? AND idempotency_key = ? AND created_at = ? AND status IS NULL"

    private static func holder(_ record: IdempotencyRecord) -> StatementArguments {
        [record.project.text, record.route, record.key, record.createdAt.nanoseconds]
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
