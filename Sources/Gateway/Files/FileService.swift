import Batching
public import Logging
import OpenAIWire
public import Quantities

/// The use cases of `/v1/files`.
public final class FileService: Sendable {
    let store: any FileStore & BatchStore
    let blobs: any BlobStore
    let clock: any GatewayClock
    let randomness: any Randomness
    let logger: Logger
    public let limits: GatewayLimits
    private let rules: FileRules

    public init(
        store: any FileStore & BatchStore, blobs: any BlobStore, clock: any GatewayClock,
        randomness: any Randomness, limits: GatewayLimits, logger: Logger
    ) {
        self.store = store
        self.blobs = blobs
        self.clock = clock
        self.randomness = randomness
        self.limits = limits
        self.logger = logger
        self.rules = FileRules(fileBytesMax: limits.fileBytes, batchFileBytesMax: limits.batchFileBytes)
    }

    /// What a form says about a file besides its bytes.
    public struct Form: Sendable {
        public var purpose: String?
        public var filename: String?
        public var expiresAnchor: String?
        public var expiresSeconds: Int64?

        public init() {}
    }

    public func begin() throws(GatewayError) -> FileIntake {
        do throws(StoreFailure) {
            return FileIntake(writer: try self.blobs.create(), limits: self.limits)
        } catch {
            throw GatewayError(error)
        }
    }

    /// Stores a file whose bytes have all arrived. After an error nothing is left of it.
    ///
    /// - Parameter answer: to the request's idempotency key, stored in the transaction of the file's record.
    public func finish(
        _ intake: inout FileIntake, form: Form, project: ProjectID, answer: PendingAnswer<FileRecord>? = nil
    ) async throws(GatewayError) -> FileRecord {
        try await self.finish(&intake, form: form, project: project) { file throws(StoreFailure) in
            Failpoint.hit("file.recording")
            try await self.store.insert(file, answer: answer?.given(file))
            Failpoint.hit("file.recorded")
        }
    }

    /// - Parameter record: stores the file's record, with what belongs to it, in one transaction.
    func finish(
        _ intake: inout FileIntake, form: Form, project: ProjectID,
        record: (FileRecord) async throws(StoreFailure) -> Void
    ) async throws(GatewayError) -> FileRecord {
        let now = self.clock.now
        let purpose: FilePurpose
        let expiry: Instant?
        do throws(FileRefusal) {
            purpose = try FileRules.purpose(form.purpose)
            let asked = try FileRules.expiry(
                of: purpose, created: now, seconds: form.expiresSeconds, anchor: form.expiresAnchor ?? "created_at")
            let kept = purpose == .batch ? self.limits.batchFilesKept : self.limits.otherFilesKept
            expiry = form.expiresSeconds == nil ? kept.map { now.advanced(by: $0) } : asked
        } catch {
            intake.abort()
            throw GatewayError(error)
        }
        return try await self.store(
            &intake, purpose: purpose, filename: form.filename, expiry: expiry, project: project, now: now,
            insert: record)
    }

    private func store(
        _ intake: inout FileIntake, purpose: FilePurpose, filename: String?, expiry: Instant?, project: ProjectID,
        now: Instant, insert: (FileRecord) async throws(StoreFailure) -> Void
    ) async throws(GatewayError) -> FileRecord {
        let count = intake.byteCount
        let (blob, index, facts) = try intake.finish()
        Failpoint.hit("file.stored")
        var kept: [BlobKey] = [blob]
        do throws(GatewayError) {
            do throws(FileRefusal) {
                try self.rules.check(purpose, bytes: count, facts: purpose == .batch ? facts : nil)
            } catch { throw GatewayError(error) }
            var indexKey: BlobKey?
            if purpose == .batch {
                let key = try self.keep(index)
                kept.append(key)
                indexKey = key
                Failpoint.hit("file.indexed")
            }
            let record = FileRecord(
                id: self.randomness.id(FileID.self), project: project, filename: FileRules.name(filename),
                purpose: purpose.rawValue, bytes: count, createdAt: now, expiresAt: expiry,
                content: .blob(blob, index: indexKey))
            do throws(StoreFailure) { try await insert(record) } catch { throw GatewayError(error) }
            return record
        } catch {
            for key in kept { try? self.blobs.delete(key) }
            throw error
        }
    }

    private func keep(_ bytes: [UInt8]) throws(GatewayError) -> BlobKey {
        do throws(StoreFailure) {
            let writer = try self.blobs.create()
            let result: Result<Void, StoreFailure> = bytes.withUnsafeBytes { buffer in
                do throws(StoreFailure) { return .success(try writer.append(buffer)) } catch { return .failure(error) }
            }
            try result.get()
            return try writer.finish()
        } catch {
            throw GatewayError(error)
        }
    }

    public func list(
        project: ProjectID, purpose: String?, page: PageRequest
    ) async throws(GatewayError) -> Page<FileRecord> {
        do throws(StoreFailure) {
            return try await self.store.files(project: project, purpose: purpose, page: page)
        } catch { throw GatewayError(error) }
    }

    public func file(_ id: FileID, project: ProjectID) async throws(GatewayError) -> FileRecord {
        do throws(StoreFailure) {
            if let file = try await self.store.file(id, project: project), !self.isExpired(file) { return file }
        } catch { throw GatewayError(error) }
        throw .client(.noSuchFile(id.text))
    }

    private func isExpired(_ file: FileRecord) -> Bool {
        guard let expiry = file.expiresAt else { return false }
        return expiry <= self.clock.now
    }

    /// Removes record and bytes at once. A batch that runs keeps its own hold on the input.
    public func delete(_ id: FileID, project: ProjectID) async throws(GatewayError) {
        let file = try await self.file(id, project: project)
        try await self.remove(file)
    }

    func remove(_ file: FileRecord) async throws(GatewayError) {
        do throws(StoreFailure) {
            let blobs = try await self.store.delete(file.id, project: file.project) ?? []
            for blob in blobs { try self.blobs.delete(blob) }
        } catch { throw GatewayError(error) }
    }

    /// The bytes of a file that may be downloaded.
    public func content(
        _ id: FileID, project: ProjectID
    ) async throws(GatewayError) -> (file: FileRecord, content: FileContent) {
        let file = try await self.file(id, project: project)
        if let purpose = FilePurpose(rawValue: file.purpose) {
            do throws(FileRefusal) { try FileRules.checkDownload(purpose) } catch { throw GatewayError(error) }
        }
        return (file, try await self.content(of: file))
    }

    func content(of file: FileRecord) async throws(GatewayError) -> FileContent {
        let batchID: BatchID
        switch file.content {
        case .blob(let key, _): return FileContent(source: .blob(key, self.blobs), byteCount: file.bytes)
        case .batchOutput(let id): batchID = id
        case .batchErrors(let id): batchID = id
        }
        do throws(StoreFailure) {
            guard let batch = try await self.store.batch(batchID, project: file.project) else {
                throw StoreFailure.notFound
            }
            let succeeded = file.content == .batchOutput(batchID)
            let reader = BatchOutputReader(batch: batch, succeeded: succeeded, store: self.store, blobs: self.blobs)
            return FileContent(source: .lines(reader, file, self.store), byteCount: file.bytes)
        } catch { throw GatewayError(error) }
    }
}
