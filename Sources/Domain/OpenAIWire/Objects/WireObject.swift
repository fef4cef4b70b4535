/// An object of the API that the gateway writes.
public protocol WireObject: Sendable {
    func write(to writer: inout JSONWriter)
}

extension WireObject {
    /// The object as compact JSON text.
    public var encoded: [UInt8] {
        var writer = JSONWriter()
        self.write(to: &writer)
        return writer.bytes
    }
}

/// One page of objects: `{"object":"list","data":[…],"first_id":…,"last_id":…,"has_more":…}` (openai-api 0.3).
public struct ListPage<Element: WireObject>: WireObject {
    public var data: [Element]
    /// The ids of the first and the last element; nil on an empty page.
    public var firstID: String?
    public var lastID: String?
    public var hasMore: Bool

    public init(data: [Element], firstID: String?, lastID: String?, hasMore: Bool) {
        self.data = data
        self.firstID = firstID
        self.lastID = lastID
        self.hasMore = hasMore
    }

    public func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("object", "list")
        writer.key("data")
        writer.beginArray()
        for element in self.data { element.write(to: &writer) }
        writer.endArray()
        writer.member("first_id", self.firstID)
        writer.member("last_id", self.lastID)
        writer.member("has_more", self.hasMore)
        writer.endObject()
    }
}

/// The answer to a deletion: `{"id":…,"object":…,"deleted":true}`.
public struct DeletedObject: WireObject, Hashable {
    public var id: String
    /// `file`, `model`, `chat.completion.deleted`, …
    public var object: String

    public init(id: String, object: String) {
        self.id = id
        self.object = object
    }

    public func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("id", self.id)
        writer.member("object", self.object)
        writer.member("deleted", true)
        writer.endObject()
    }
}
