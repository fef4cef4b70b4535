/// A multi-part upload as the API shows it (openai-api 2.4). Times are Unix seconds.
public struct UploadObject: WireObject, Hashable {
    public var id: String
    public var bytes: Int64
    public var createdAt: Int64
    public var expiresAt: Int64
    public var filename: String
    public var purpose: String
    /// `pending`, `completed`, `cancelled`, `expired`.
    public var status: String
    /// The file that a completed upload became.
    public var file: FileObject?

    public init(
        id: String, bytes: Int64, createdAt: Int64, expiresAt: Int64, filename: String, purpose: String,
        status: String, file: FileObject? = nil
    ) {
        self.id = id
        self.bytes = bytes
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.filename = filename
        self.purpose = purpose
        self.status = status
        self.file = file
    }

    public func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("id", self.id)
        writer.member("object", "upload")
        writer.member("bytes", self.bytes)
        writer.member("created_at", self.createdAt)
        writer.member("filename", self.filename)
        writer.member("purpose", self.purpose)
        writer.member("status", self.status)
        writer.member("expires_at", self.expiresAt)
        writer.key("file")
        if let file = self.file { file.write(to: &writer) } else { writer.null() }
        writer.endObject()
    }
}

/// One part of a multi-part upload.
public struct UploadPartObject: WireObject, Hashable {
    public var id: String
    public var createdAt: Int64
    public var uploadID: String

    public init(id: String, createdAt: Int64, uploadID: String) {
        self.id = id
        self.createdAt = createdAt
        self.uploadID = uploadID
    }

    public func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("id", self.id)
        writer.member("object", "upload.part")
        writer.member("created_at", self.createdAt)
        writer.member("upload_id", self.uploadID)
        writer.endObject()
    }
}
