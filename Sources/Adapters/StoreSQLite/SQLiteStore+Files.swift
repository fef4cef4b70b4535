public import Gateway
import GRDB
public import Quantities

extension SQLiteStore: FileStore {
    public func insert(_ file: FileRecord, answer: IdempotencyRecord?) async throws(StoreFailure) {
        try await self.write { db in
            try Self.insert(file, db)
            if let answer { try Self.finish(answer, db) }
        }
    }

    public func file(_ id: FileID, project: ProjectID) async throws(StoreFailure) -> FileRecord? {
        try await self.read { try Self.file(id, project, $0) }
    }

    public func files(
        project: ProjectID, purpose: String?, page: PageRequest
    ) async throws(StoreFailure) -> Page<FileRecord> {
        try await self.read { db in
            let query = PageQuery(
                table: "file", condition: "project = :project AND (:purpose IS NULL OR purpose = :purpose)",
                arguments: ["project": project.text, "purpose": purpose], page: page)
            return try query.fetch(db, Self.file)
        }
    }

    public func delete(_ id: FileID, project: ProjectID) async throws(StoreFailure) -> [BlobKey]? {
        try await self.write { db -> [BlobKey]? in
            guard let file = try Self.file(id, project, db) else { return nil }
            try db.execute(sql: "DELETE FROM file WHERE id = ?", arguments: [id.text])
            switch file.content {
            case .blob(let blob, let index): return try Self.unreferenced([blob, index], db)
            case .batchErrors(let batch):
                try Self.forgetOutput(of: batch, succeeded: false, db)
                return try Self.unreferenced(Self.batch(batch, project, db)?.blobs ?? [], db)
            case .batchOutput(let batch):
                try Self.forgetOutput(of: batch, succeeded: true, db)
                return []
            }
        }
    }

    public func expiredFiles(now: Instant, limit: Int) async throws(StoreFailure) -> [FileRecord] {
        try await self.read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM file WHERE expires_at <= ? ORDER BY expires_at, id LIMIT ?",
                arguments: [now.nanoseconds, limit]
            ).map(Self.file)
        }
    }

    public func referencedBlobs() async throws(StoreFailure) -> Set<BlobKey> {
        try await self.read { db in
            let cursor = try String.fetchCursor(
                db,
                sql: """
                    SELECT blob FROM file WHERE blob IS NOT NULL
                    UNION ALL SELECT line_index FROM file WHERE line_index IS NOT NULL
                    UNION ALL SELECT blob FROM upload_part
                    UNION ALL SELECT input_blob FROM batch WHERE \(Self.needsInput) AND input_blob IS NOT NULL
                    UNION ALL SELECT line_index FROM batch WHERE \(Self.needsInput) AND line_index IS NOT NULL
                    """)
            var keys: Set<BlobKey> = []
            while let text = try cursor.next() { keys.insert(BlobKey(text)) }
            return keys
        }
    }

    /// Lines that never ran are shown from the input as long as their error file lives.
    private static let needsInput = """
        (\(isUnfinished) OR EXISTS (SELECT 1 FROM file AS view WHERE view.batch = batch.id AND view.view = 'errors'))
        """

    /// Those of `blobs` that no record needs any more.
    static func unreferenced(_ blobs: [BlobKey?], _ db: Database) throws -> [BlobKey] {
        try blobs.compactMap { $0 }.filter { try !Self.isReferenced($0, db) }
    }

    private static func isReferenced(_ blob: BlobKey, _ db: Database) throws -> Bool {
        try Bool.fetchOne(
            db, sql: Self.isReferencedQuery, arguments: ["blob": blob.text]) ?? true
    }

    /// Each part has an index of its own.
    package static let isReferencedQuery = """
        SELECT EXISTS (SELECT 1 FROM file WHERE blob = :blob)
            OR EXISTS (SELECT 1 FROM file WHERE line_index = :blob)
            OR EXISTS (SELECT 1 FROM batch WHERE input_blob = :blob AND \(needsInput))
            OR EXISTS (SELECT 1 FROM batch WHERE line_index = :blob AND \(needsInput))
        """

    static func insert(_ file: FileRecord, _ db: Database) throws {
        var blob: BlobKey?
        var index: BlobKey?
        var batch: BatchID?
        var view: String?
        switch file.content {
        case .blob(let key, let lines): (blob, index) = (key, lines)
        case .batchOutput(let id): (batch, view) = (id, "output")
        case .batchErrors(let id): (batch, view) = (id, "errors")
        }
        try db.execute(
            sql: """
                INSERT INTO file (
                    id, project, filename, purpose, bytes, created_at, expires_at, blob, line_index, batch, view
                ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                file.id.text, file.project.text, file.filename, file.purpose, file.bytes, file.createdAt.nanoseconds,
                file.expiresAt?.nanoseconds, blob?.text, index?.text, batch?.text, view,
            ])
    }

    static func file(_ id: FileID, _ project: ProjectID, _ db: Database) throws -> FileRecord? {
        try Row.fetchOne(
            db, sql: "SELECT * FROM file WHERE id = ? AND project = ?", arguments: [id.text, project.text]
        ).map(Self.file)
    }

    private static func file(_ row: Row) -> FileRecord {
        let content: FileRecord.Content
        if let batch: BatchID = row.id("batch") {
            content = row["view"] == "output" ? .batchOutput(batch) : .batchErrors(batch)
        } else {
            content = .blob(BlobKey(row["blob"]), index: row.blob("line_index"))
        }
        return FileRecord(
            id: row.id("id"), project: row.id("project"), filename: row["filename"], purpose: row["purpose"],
            bytes: row["bytes"], createdAt: row.instant("created_at"), expiresAt: row.instant("expires_at"),
            content: content)
    }
}
