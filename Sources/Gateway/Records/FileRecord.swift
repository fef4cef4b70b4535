public import Quantities

/// A file as the API shows it, and where its bytes are.
public struct FileRecord: Hashable, Sendable {
    public enum Content: Hashable, Sendable {
        /// Uploaded bytes, and for batch inputs the blob of its line index.
        case blob(BlobKey, index: BlobKey?)
        /// A view over a batch's line rows.
        case batchOutput(BatchID)
        case batchErrors(BatchID)
    }

    public let id: FileID
    public let project: ProjectID
    public var filename: String
    public var purpose: String
    public var bytes: Int64
    public var createdAt: Instant
    public var expiresAt: Instant?
    public var content: Content

    public init(
        id: FileID, project: ProjectID, filename: String, purpose: String, bytes: Int64, createdAt: Instant,
        expiresAt: Instant?, content: Content
    ) {
        self.id = id
        self.project = project
        self.filename = filename
        self.purpose = purpose
        self.bytes = bytes
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.content = content
    }
}

/// A multi-part upload in progress.
public struct UploadRecord: Hashable, Sendable {
    public let id: UploadID
    public let project: ProjectID
    public var filename: String
    public var purpose: String
    public var bytes: Int64
    public var mimeType: String
    public var createdAt: Instant
    public var expiresAt: Instant
    /// `pending`, `completed`, `cancelled`, `expired`.
    public var status: String
    /// `expires_after.seconds` for the file to be.
    public var fileExpiresAfter: Int64?
    public var file: FileID?

    public init(
        id: UploadID, project: ProjectID, filename: String, purpose: String, bytes: Int64, mimeType: String,
        createdAt: Instant, expiresAt: Instant, status: String, fileExpiresAfter: Int64?, file: FileID? = nil
    ) {
        self.id = id
        self.project = project
        self.filename = filename
        self.purpose = purpose
        self.bytes = bytes
        self.mimeType = mimeType
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.status = status
        self.fileExpiresAfter = fileExpiresAfter
        self.file = file
    }
}

public struct UploadPartRecord: Hashable, Sendable {
    public let id: UploadPartID
    public let upload: UploadID
    public var blob: BlobKey
    public var bytes: Int64
    public var createdAt: Instant

    public init(id: UploadPartID, upload: UploadID, blob: BlobKey, bytes: Int64, createdAt: Instant) {
        self.id = id
        self.upload = upload
        self.blob = blob
        self.bytes = bytes
        self.createdAt = createdAt
    }
}
