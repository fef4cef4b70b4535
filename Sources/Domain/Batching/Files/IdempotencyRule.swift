/// Decides what a repeated `Idempotency-Key` means; the rules are Stripe's, since OpenAI documents none.
///
/// The same key with the same request gets the stored answer; with another request it is an error; while the first one
/// still runs it is a conflict. Keys live 24 hours and are private to a project and a route.
public enum IdempotencyRule {
    public enum Refusal: Error, Hashable, Sendable {
        /// 400: the key was used for another request.
        case mismatch
        /// 409: the first request with this key has no answer yet.
        case inFlight
        /// 400: the key is empty or too long.
        case invalidKey

        public var status: Int { self == .inFlight ? 409 : 400 }
        public var type: String { self == .invalidKey ? "invalid_request_error" : "idempotency_error" }
        public var code: String? {
            switch self {
            case .mismatch: "idempotency_key_mismatch"
            case .inFlight: "idempotency_key_in_use"
            case .invalidKey: nil
            }
        }
        public var message: String {
            switch self {
            case .mismatch: "This Idempotency-Key was used before with another request. Use a new key."
            case .inFlight: "A request with this Idempotency-Key is still running. Try again later."
            case .invalidKey:
                "An Idempotency-Key has 1 to \(IdempotencyRule.keyCharactersMax) printable ASCII characters."
            }
        }
    }

    public static let keyCharactersMax = 255
    public static let lifetime: Duration = .seconds(86_400)

    /// Refuses a key that cannot be stored.
    public static func check(key: String) throws(Refusal) {
        let bytes = key.utf8
        guard !bytes.isEmpty, bytes.count <= self.keyCharactersMax, bytes.allSatisfy({ (0x20...0x7E).contains($0) })
        else { throw .invalidKey }
    }

    /// Refuses a repeated key that gets no stored answer.
    ///
    /// - Parameters:
    ///   - isSameRequest: whether the key was first used for this very request.
    ///   - isAnswered: whether the first request's answer is stored.
    public static func checkRepeated(isSameRequest: Bool, isAnswered: Bool) throws(Refusal) {
        guard isSameRequest else { throw .mismatch }
        guard isAnswered else { throw .inFlight }
    }

    /// True when an answer of this status is stored: every answer of a request that began to run, also a 500. A refusal
    /// before that (401, 403, 404, 408, 409, 429 and 400 of validation are free of effects) lets the key be used again.
    public static func keepsAnswer(status: Int) -> Bool { (200..<300).contains(status) || status >= 500 }
}
