import Gateway
import Hummingbird

extension Request {
    /// - Throws: 400 for a key that cannot be stored.
    func idempotencyKey() throws(GatewayError) -> String? {
        guard let key = self.headers[HeaderNames.idempotencyKey] else { return nil }
        try IdempotentRequests.Key.check(key)
        return key
    }
}

extension Response {
    /// An answer to a request that may have been repeated.
    static func json(_ answer: IdempotentRequests.Answer) -> Response {
        var response = Response.json(answer.body, status: answer.status)
        if answer.isReplayed { response.headers[HeaderNames.idempotentReplayed] = "true" }
        return response
    }
}
