import Gateway

/// `X-Client-Request-Id`: the name that a client gives its request, to find it in the log when no answer came.
enum ClientRequestID {
    static let charactersMax = 512

    /// - Throws: 400 for one that is too long or not ASCII (openai-api 1.6).
    static func read(_ header: String?) throws(GatewayError) -> String? {
        guard let header else { return nil }
        guard header.utf8.count <= Self.charactersMax, header.utf8.allSatisfy({ $0 < 128 }) else {
            throw .invalid("X-Client-Request-Id must be at most \(Self.charactersMax) ASCII characters.")
        }
        return header
    }
}
