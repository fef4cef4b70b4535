public import Quantities

/// Under what an idempotency record is stored: keys of other projects and routes never meet.
public struct IdempotencyScope: Hashable, Sendable {
    public let project: ProjectID
    /// Method and path, `POST /v1/batches`.
    public let route: String
    public let key: String

    /// Refuses a key that cannot be stored.
    public init(project: ProjectID, route: String, key: String) throws(IdempotencyRule.Refusal) {
        try IdempotencyRule.check(key: key)
        self.project = project
        self.route = route
        self.key = key
    }
}

/// What is kept about a request that came with an `Idempotency-Key`, under its project, its route and the key.
public struct IdempotencyRecord: Hashable, Sendable {
    public enum State: Hashable, Sendable {
        /// The request runs in the process of this boot epoch.
        case inFlight(epoch: UInt64)
        /// The answer is stored.
        case finished(status: Int)
    }

    public var created: Instant
    /// A digest of method, path and body.
    public var fingerprint: [UInt8]
    public var state: State

    public init(created: Instant, fingerprint: [UInt8], state: State) {
        self.created = created
        self.fingerprint = fingerprint
        self.state = state
    }
}

/// Decides what a repeated `Idempotency-Key` means; the rules are Stripe's, since OpenAI documents none.
///
/// The same key with the same request gets the stored answer; with another request it is an error; while the first one
/// still runs it is a conflict. Keys live 24 hours and are private to a project and a route.
public struct IdempotencyRule: Hashable, Sendable {
    public enum Decision: Hashable, Sendable {
        /// Run the request; store a record first, in place of any old one.
        case run
        /// Give the stored answer again.
        case replay(status: Int)
        case refuse(Refusal)
    }

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

    /// The current boot epoch: a request that was in flight in an earlier one has died with its process.
    public let epoch: UInt64

    public init(epoch: UInt64) { self.epoch = epoch }

    /// Refuses a key that cannot be stored.
    public static func check(key: String) throws(Refusal) {
        let bytes = key.utf8
        guard !bytes.isEmpty, bytes.count <= self.keyCharactersMax, bytes.allSatisfy({ (0x20...0x7E).contains($0) })
        else { throw .invalidKey }
    }

    /// What to do with a request whose key has this record, nil when there is none.
    public func decide(_ record: IdempotencyRecord?, fingerprint: [UInt8], now: Instant) -> Decision {
        guard let record, !self.canForget(record, now: now) else { return .run }
        guard record.fingerprint == fingerprint else { return .refuse(.mismatch) }
        switch record.state {
        case .finished(let status): return .replay(status: status)
        case .inFlight(let epoch): return epoch == self.epoch ? .refuse(.inFlight) : .run
        }
    }

    /// True when a record can be deleted. A request that still runs keeps its key however old it is.
    public func canForget(_ record: IdempotencyRecord, now: Instant) -> Bool {
        record.state != .inFlight(epoch: self.epoch) && now.since(record.created) >= Self.lifetime
    }

    /// True when an answer of this status is stored: every answer of a request that began to run, also a 500. A refusal
    /// before that (401, 403, 404, 408, 409, 429 and 400 of validation are free of effects) lets the key be used again.
    public static func keepsAnswer(status: Int) -> Bool { (200..<300).contains(status) || status >= 500 }
}
