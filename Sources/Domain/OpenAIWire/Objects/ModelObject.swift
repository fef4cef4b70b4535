/// A served model as the API shows it (openai-api 5.8).
public struct ModelObject: WireObject, Hashable {
    public var id: String
    /// Unix seconds.
    public var created: Int64
    public var ownedBy: String
    /// `YYYY-MM-DD`, or nil.
    public var shutdownDate: String?

    public init(id: String, created: Int64, ownedBy: String, shutdownDate: String? = nil) {
        self.id = id
        self.created = created
        self.ownedBy = ownedBy
        self.shutdownDate = shutdownDate
    }

    public func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("id", self.id)
        writer.member("object", "model")
        writer.member("created", self.created)
        writer.member("owned_by", self.ownedBy)
        writer.member("shutdown_date", self.shutdownDate)
        writer.endObject()
    }

    /// The answer to `GET /v1/models`, which has no pages.
    public static func list(_ models: [ModelObject]) -> [UInt8] {
        var writer = JSONWriter(reserving: 64 + models.count * 128)
        writer.beginObject()
        writer.member("object", "list")
        writer.key("data")
        writer.beginArray()
        for model in models { model.write(to: &writer) }
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }
}
