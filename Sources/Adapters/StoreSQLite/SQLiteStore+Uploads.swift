public import Gateway
import GRDB
public import Quantities

extension SQLiteStore {
    public func insert(_ upload: UploadRecord, answer: IdempotencyRecord?) async throws(StoreFailure) {
        try await self.write { db in
            try db.execute(
                sql: """
                    INSERT INTO upload (
                        id, project, filename, purpose, bytes, mime_type, created_at, expires_at, status,
                        file_expires_after, file
                    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    upload.id.text, upload.project.text, upload.filename, upload.purpose, upload.bytes,
                    upload.mimeType, upload.createdAt.nanoseconds, upload.expiresAt.nanoseconds, upload.status,
                    upload.fileExpiresAfter, upload.file?.text,
                ])
            if let answer { try Self.finish(answer, db) }
        }
    }

    public func upload(_ id: UploadID, project: ProjectID) async throws(StoreFailure) -> UploadRecord? {
        try await self.read { db in
            try Row.fetchOne(
                db, sql: "SELECT * FROM upload WHERE id = ? AND project = ?", arguments: [id.text, project.text]
            ).map(Self.upload)
        }
    }

    public func insert(_ part: UploadPartRecord) async throws(StoreFailure) {
        try await self.write { db in
            try db.execute(
                sql: """
                    INSERT INTO upload_part (id, upload, blob, bytes, created_at)
                    SELECT ?1, id, ?3, ?4, ?5 FROM upload WHERE id = ?2 AND status = 'pending'
                    """,
                arguments: [part.id.text, part.upload.text, part.blob.text, part.bytes, part.createdAt.nanoseconds])
            guard db.changesCount == 1 else { throw StoreFailure.notFound }
        }
    }

    public func parts(of upload: UploadID) async throws(StoreFailure) -> [UploadPartRecord] {
        try await self.read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM upload_part WHERE upload = ? ORDER BY seq", arguments: [upload.text]
            ).map { row in
                UploadPartRecord(
                    id: row.id("id"), upload: row.id("upload"), blob: BlobKey(row["blob"]), bytes: row["bytes"],
                    createdAt: row.instant("created_at"))
            }
        }
    }

    public func complete(_ upload: UploadRecord, file: FileRecord) async throws(StoreFailure) -> [BlobKey] {
        try await self.write { db in
            try db.execute(
                sql: """
                    UPDATE upload SET status = 'completed', file = ?
                    WHERE id = ? AND project = ? AND status = 'pending'
                    """,
                arguments: [file.id.text, upload.id.text, upload.project.text])
            guard db.changesCount == 1 else { throw StoreFailure.notFound }
            try Self.insert(file, db)
            return try Self.dropParts(of: upload.id, db)
        }
    }

    public func close(_ upload: UploadID, status: String) async throws(StoreFailure) -> [BlobKey] {
        try await self.write { db in
            try db.execute(
                sql: "UPDATE upload SET status = ? WHERE id = ? AND status = 'pending'",
                arguments: [status, upload.text])
            guard db.changesCount == 1 else { throw StoreFailure.notFound }
            return try Self.dropParts(of: upload, db)
        }
    }

    /// - Returns: the blobs of the parts.
    private static func dropParts(of upload: UploadID, _ db: Database) throws -> [BlobKey] {
        let blobs = try String.fetchAll(
            db, sql: "SELECT blob FROM upload_part WHERE upload = ? ORDER BY seq", arguments: [upload.text])
        try db.execute(sql: "DELETE FROM upload_part WHERE upload = ?", arguments: [upload.text])
        return blobs.map { BlobKey($0) }
    }

    public func expiredUploads(now: Instant, limit: Int) async throws(StoreFailure) -> [UploadRecord] {
        try await self.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM upload WHERE status = 'pending' AND expires_at <= ? ORDER BY expires_at, id LIMIT ?
                    """,
                arguments: [now.nanoseconds, limit]
            ).map(Self.upload)
        }
    }

    private static func upload(_ row: Row) -> UploadRecord {
        UploadRecord(
            id: row.id("id"), project: row.id("project"), filename: row["filename"], purpose: row["purpose"],
            bytes: row["bytes"], mimeType: row["mime_type"], createdAt: row.instant("created_at"),
            expiresAt: row.instant("expires_at"), status: row["status"],
            fileExpiresAfter: row["file_expires_after"], file: row.id("file"))
    }
}
