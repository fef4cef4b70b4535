import Foundation
public import Gateway
import GRDB
public import Quantities

extension SQLiteStore: BatchStore {
    /// Word for word the condition of the index `batch_unfinished`, or SQLite does not use it.
    static let isUnfinished = "status NOT IN ('completed', 'failed', 'expired', 'cancelled')"

    @discardableResult
    public func insert(
        _ batch: BatchRecord, answer: IdempotencyRecord?
    ) async throws(StoreFailure) -> BatchRecord {
        try await self.write { db in
            let stored = batch.reading(try Self.file(batch.inputFile, batch.project, db))
            try db.execute(sql: BatchColumns.insert, arguments: try BatchColumns.all(stored))
            if let answer { try Self.finish(answer, db) }
            return stored
        }
    }

    public func batch(_ id: BatchID, project: ProjectID) async throws(StoreFailure) -> BatchRecord? {
        try await self.read { try Self.batch(id, project, $0) }
    }

    public func batches(project: ProjectID, page: PageRequest) async throws(StoreFailure) -> Page<BatchRecord> {
        try await self.read { db in
            let query = PageQuery(
                table: "batch", source: BatchColumns.source, condition: "project = :project",
                arguments: ["project": project.text], page: page)
            return try query.fetch(db, BatchColumns.batch)
        }
    }

    public func unfinishedBatches() async throws(StoreFailure) -> [BatchRecord] {
        try await self.read { db in
            try Row.fetchAll(
                db,
                sql: "SELECT * FROM \(BatchColumns.source) WHERE \(Self.isUnfinished) ORDER BY created_at, id"
            ).map(BatchColumns.batch)
        }
    }

    public func update(
        _ batch: BatchRecord, expecting: [String], files: [FileRecord]
    ) async throws(StoreFailure) -> (batch: BatchRecord, unreferenced: [BlobKey]) {
        try await self.write { db in
            let stored = try Row.fetchOne(
                db, sql: "SELECT seq, status, input_blob, line_index FROM batch WHERE id = ? AND project = ?",
                arguments: [batch.id.text, batch.project.text])
            guard let stored, expecting.contains(stored["status"]) else { throw StoreFailure.notFound }
            try db.execute(
                sql: BatchColumns.update,
                arguments: try BatchColumns.changing(batch) + ["seq": stored["seq"] as Int64])
            for file in files { try Self.insert(file, db) }
            guard let updated = try Self.batch(batch.id, batch.project, db) else { throw StoreFailure.notFound }
            let blobs = updated.isTerminal ? [stored.blob("input_blob"), stored.blob("line_index")] : []
            return (updated, try Self.unreferenced(blobs, db))
        }
    }

    public func finishedLines(of batch: BatchID) async throws(StoreFailure) -> [Int32] {
        try await self.read { db in
            try Int32.fetchAll(
                db, sql: "SELECT line FROM line_result WHERE batch = (\(Self.sequence)) ORDER BY line",
                arguments: ["id": batch.text])
        }
    }

    public func lines(
        of batch: BatchID, succeeded: Bool, after: Int32, limit: Int, bytes: Int
    ) async throws(StoreFailure) -> [LineRow] {
        try await self.read { db in
            let cursor = try Row.fetchCursor(
                db,
                sql: """
                    SELECT line, output FROM line_result
                    WHERE batch = (\(Self.sequence)) AND line > :after AND succeeded = \(succeeded ? 1 : 0)
                    ORDER BY line LIMIT :limit
                    """,
                arguments: ["id": batch.text, "after": after, "limit": max(limit, 0)])
            var rows: [LineRow] = []
            var room = bytes
            while room > 0 || rows.isEmpty, let row = try cursor.next() {
                let output = try row.withUnsafeData(named: "output") { [UInt8]($0 ?? Data()) }
                rows.append(LineRow(line: row["line"], output: output))
                room -= output.count
            }
            return rows
        }
    }

    public func lineBytes(
        of batch: BatchID, succeeded: Bool
    ) async throws(StoreFailure) -> (bytes: Int64, count: Int64) {
        try await self.read { db in
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT coalesce(sum(length(output) + 1), 0) AS bytes, count(*) AS count FROM line_result
                    WHERE batch = (\(Self.sequence)) AND succeeded = \(succeeded ? 1 : 0)
                    """,
                arguments: ["id": batch.text])
            return (row?["bytes"] ?? 0, row?["count"] ?? 0)
        }
    }

    static func forgetOutput(of batch: BatchID, succeeded: Bool, _ db: Database) throws {
        try db.execute(
            sql: """
                UPDATE line_result SET output = x''
                WHERE batch = (\(Self.sequence)) AND succeeded = \(succeeded ? 1 : 0)
                """,
            arguments: ["id": batch.text])
    }

    private static let sequence = "SELECT seq FROM batch WHERE id = :id"

    static func batch(_ id: BatchID, _ project: ProjectID, _ db: Database) throws -> BatchRecord? {
        try Row.fetchOne(
            db, sql: "SELECT * FROM \(BatchColumns.source) WHERE id = ? AND project = ?",
            arguments: [id.text, project.text]
        ).map(BatchColumns.batch)
    }
}
