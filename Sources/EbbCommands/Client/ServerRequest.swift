import NIOHTTP1

/// One request to a gateway.
struct ServerRequest: Sendable {
    enum Body: Sendable {
        case none
        case json([UInt8])
        case form(UploadForm)
    }

    var method: HTTPMethod
    /// Below `/v1`, with a leading slash; parts that come from people are encoded with `PathText`.
    var path: String
    /// The path stands beside `/v1`, not below it: what Ebb adds to OpenAI's API.
    var isBesideAPI = false
    var body: Body = .none
    /// The same key again does the same thing once (for creating files and batches).
    var idempotencyKey: String?

    /// Whether the request may be sent again when it is not known what became of it.
    var isRepeatable: Bool {
        if case .form(let form) = self.body, !form.isRepeatable { return false }
        return self.method == .GET || self.idempotencyKey != nil
    }
}

/// Percent-encodes what people typed for use in a path or query: everything but unreserved characters (RFC 3986, 2.3).
enum PathText {
    static func encoded(_ text: String) -> String {
        var result: [UInt8] = []
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.append(byte)
            default:
                result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
