import Batching
public import OpenAIWire
public import Quantities

/// The use cases of `/v1/uploads`: parts arrive in any order and are joined to one file at the end.
public final class UploadService: Sendable {
    public static let purposes = FilePurpose.allCases.filter(\.canBeUploadedInParts).map(\.rawValue)

    public let files: FileService
    private let store: any FileStore
    private let blobs: any BlobStore
    private let clock: any GatewayClock
    private let randomness: any Randomness
    private let md5: @Sendable () -> any ByteDigest

    public init(
        files: FileService, store: any FileStore, blobs: any BlobStore, clock: any GatewayClock,
        randomness: any Randomness, md5: @escaping @Sendable () -> any ByteDigest
    ) {
        self.files = files
        self.store = store
        self.blobs = blobs
        self.clock = clock
        self.randomness = randomness
        self.md5 = md5
    }

    private var limits: UploadLimits {
        UploadLimits(partBytesMax: GatewayLimits.uploadPartBytesMax, bytesMax: self.files.limits.fileBytes)
    }

    /// - Parameter answer: to the request's idempotency key, stored in the upload's transaction.
    public func create(
        _ wish: UploadCreateRequest, project: ProjectID, answer: PendingAnswer<UploadRecord>? = nil
    ) async throws(GatewayError) -> UploadRecord {
        let now = self.clock.now
        let machine: UploadStateMachine
        do throws(FileRefusal) {
            machine = try UploadStateMachine(created: now, bytes: wish.bytes, limits: self.limits)
        } catch { throw GatewayError(error) }
        let record = UploadRecord(
            id: self.randomness.id(UploadID.self), project: project, filename: wish.filename, purpose: wish.purpose,
            bytes: wish.bytes, mimeType: wish.mimeType, createdAt: now, expiresAt: machine.expires,
            status: machine.status.rawValue, fileExpiresAfter: wish.expiresAfter?.seconds)
        do throws(StoreFailure) {
            try await self.store.insert(record, answer: answer?.given(record))
        } catch { throw GatewayError(error) }
        return record
    }

    private func load(
        _ id: UploadID, _ project: ProjectID
    ) async throws(GatewayError) -> (record: UploadRecord, parts: [UploadPartRecord], machine: UploadStateMachine) {
        do throws(StoreFailure) {
            if let record = try await self.store.upload(id, project: project) {
                let parts = try await self.store.parts(of: id)
                let machine = UploadStateMachine(
                    restoring: UploadStatus(rawValue: record.status) ?? .cancelled, created: record.createdAt,
                    bytes: record.bytes, parts: parts.map { UploadPart(id: $0.id, bytes: $0.bytes) },
                    file: record.file, limits: self.limits)
                return (record, parts, machine)
            }
        } catch { throw GatewayError(error) }
        throw .client(.noUpload(id.text))
    }

    /// Takes the bytes of one part, which have arrived.
    public func add(
        _ intake: FileIntake, to id: UploadID, project: ProjectID
    ) async throws(GatewayError) -> UploadPartRecord {
        var intake = intake
        let now = self.clock.now
        do throws(GatewayError) {
            var (_, _, machine) = try await self.load(id, project)
            let part = UploadPart(id: self.randomness.id(UploadPartID.self), bytes: intake.byteCount)
            do throws(UploadRefusal) { try machine.partArrived(part, now: now) } catch { throw GatewayError(error) }
            let blob = try intake.finish().blob
            let record = UploadPartRecord(
                id: part.id, upload: id, blob: blob, bytes: part.bytes, createdAt: now)
            do throws(StoreFailure) { try await self.store.insert(record) } catch { throw GatewayError(error) }
            return record
        } catch {
            intake.abort()
            throw error
        }
    }

    /// Joins the parts into one file, indexed like any other.
    public func complete(
        _ id: UploadID, _ wish: UploadCompleteRequest, project: ProjectID
    ) async throws(GatewayError) -> (upload: UploadRecord, file: FileRecord) {
        var (record, parts, machine) = try await self.load(id, project)
        let chosen: [UploadPart]
        do throws(UploadRefusal) {
            chosen = try machine.complete(
                wish.partIDs.map { UploadPartID($0) }, md5: wish.md5, now: self.clock.now)
        } catch { throw GatewayError(error) }
        var intake = try self.files.begin()
        var digest = self.md5()
        do throws(GatewayError) {
            for part in chosen {
                guard let blob = parts.first(where: { $0.id == part.id })?.blob else { continue }
                try self.copy(blob, to: &intake, digest: &digest)
            }
            do throws(UploadRefusal) {
                try machine.assembled(FileID(""), md5: wish.md5 == nil ? nil : digest.hex())
            } catch { throw GatewayError(error) }
            var form = FileService.Form()
            form.purpose = record.purpose
            form.filename = record.filename
            form.expiresSeconds = record.fileExpiresAfter
            var joined: [BlobKey] = []
            let file = try await self.files.finish(&intake, form: form, project: project) { file throws(StoreFailure) in
                record.status = UploadStatus.completed.rawValue
                record.file = file.id
                joined = try await self.store.complete(record, file: file)
            }
            for blob in joined { try? self.blobs.delete(blob) }
            return (record, file)
        } catch {
            intake.abort()
            throw error
        }
    }

    private func copy(
        _ blob: BlobKey, to intake: inout FileIntake, digest: inout any ByteDigest
    ) throws(GatewayError) {
        var offset: Int64 = 0
        while true {
            let piece: [UInt8]
            do throws(StoreFailure) {
                piece = try self.blobs.read(blob, offset: offset, count: FileContent.pieceBytes)
            } catch { throw GatewayError(error) }
            if piece.isEmpty { return }
            offset += Int64(piece.count)
            digest.update(piece)
            let result: Result<Void, GatewayError> = piece.withUnsafeBytes { bytes in
                do throws(GatewayError) { return .success(try intake.append(bytes)) } catch { return .failure(error) }
            }
            try result.get()
        }
    }

    public func cancel(_ id: UploadID, project: ProjectID) async throws(GatewayError) -> UploadRecord {
        var (record, _, machine) = try await self.load(id, project)
        let known = machine.status
        do throws(UploadRefusal) { try machine.cancel(now: self.clock.now) } catch { throw GatewayError(error) }
        // Cancelled before: there is nothing left to do.
        guard machine.status != known else { return record }
        do throws(StoreFailure) {
            for blob in try await self.store.close(id, status: machine.status.rawValue) { try self.blobs.delete(blob) }
        } catch { throw GatewayError(error) }
        record.status = machine.status.rawValue
        return record
    }
}

extension GatewayError {
    init(_ refusal: UploadRefusal) {
        self = .invalid(refusal.message, param: refusal.param, status: refusal.status)
    }
}
