import NIOHTTP1

/// An answer that is known as a whole.
struct PlainAnswer {
    var status: HTTPResponseStatus = .ok
    var headers: HTTPHeaders
    var body: [UInt8]

    init(status: HTTPResponseStatus = .ok, contentType: String, body: [UInt8]) {
        self.status = status
        self.headers = Self.headers(contentType: contentType)
        self.body = body
    }

    init(json: [UInt8]) {
        self.headers = Self.jsonHeaders
        self.body = json
    }

    init(refusal: RequestRefusal, retryAfterSeconds: Int? = nil) {
        self.init(json: refusal.body)
        self.status = HTTPResponseStatus(statusCode: refusal.status)
        if let retryAfterSeconds, refusal.status == 429 || refusal.status == 503 {
            self.headers.add(name: "retry-after", value: String(retryAfterSeconds))
        }
    }

    private static let jsonHeaders = Self.headers(contentType: "application/json")

    /// Every answer says that it is simulated.
    static func headers(contentType: String) -> HTTPHeaders {
        ["content-type": contentType, "x-simulated-engine": "true"]
    }
}
