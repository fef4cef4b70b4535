/// An uploaded or generated file as the API shows it (openai-api 2.3). Times are Unix seconds.
public struct FileObject: WireObject, Hashable {
    public var id: String
    public var bytes: Int64
    public var createdAt: Int64
    /// Nil when the file does not expire.
    public var expiresAt: Int64?
    public var filename: String
    public var purpose: String
    /// Deprecated but required; SDK helpers poll until it is `processed`.
    public var status = "processed"

    public init(id: String, bytes: Int64, createdAt: Int64, expiresAt: Int64?, filename: String, purpose: String) {
        self.id = id
        self.bytes = bytes
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.filename = filename
        self.purpose = purpose
    }

    public func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("id", self.id)
        writer.member("object", "file")
        writer.member("bytes", self.bytes)
        writer.member("created_at", self.createdAt)
        writer.member("expires_at", self.expiresAt)
        writer.member("filename", self.filename)
        writer.member("purpose", self.purpose)
        writer.member("status", self.status)
        writer.member("status_details", nil as String?)
        writer.endObject()
    }
}
