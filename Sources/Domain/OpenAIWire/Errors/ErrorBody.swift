/// OpenAI's error object, and the HTTP status that goes with it (openai-api 1.1).
///
/// `status` is not part of the body. All four keys of the body are always written, null where there is nothing to say.
public struct ErrorBody: Error, Hashable, Sendable {
    public var status: Int
    public var message: String
    public var type: String
    public var param: String?
    public var code: String?

    public init(
        status: Int, message: String, type: String = Self.invalidRequest, param: String? = nil, code: String? = nil
    ) {
        self.status = status
        self.message = message
        self.type = type
        self.param = param
        self.code = code
    }

    public static let invalidRequest = "invalid_request_error"

    /// `{"error":{"message":…,"type":…,"param":…,"code":…}}`
    public var encoded: [UInt8] {
        var writer = JSONWriter(reserving: 160 + self.message.utf8.count)
        writer.beginObject()
        writer.key("error")
        self.write(to: &writer)
        writer.endObject()
        return writer.bytes
    }

    /// The inner object only.
    public func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("message", self.message)
        writer.member("type", self.type)
        writer.member("param", self.param)
        writer.member("code", self.code)
        writer.endObject()
    }
}
