/// What an engine's failure is, decided once and used by everyone (openai-api A.6).
public struct EngineFailure: Error, Equatable, Sendable {
    public enum Kind: Equatable, Sendable {
        /// The request itself is wrong: 400, 404, 413, 422. Final; passed through.
        case clientFault
        /// The engine has no room now: 429, 503, or "slow down".
        case capacity
        /// The engine's account cannot pay; only the operator can help.
        case billing
        /// Our credential was refused (401, 403).
        case credential
        /// The engine broke, or could not then: 5xx, 409, a cut stream, nonsense.
        case fault
        /// No connection could be made, or it closed before an answer.
        case unreachable
        /// A time limit passed.
        case timeout(Stage)
        /// We ended the call ourselves.
        case cancelled
    }

    public enum Stage: String, Sendable {
        case connect, firstToken = "first token", idle, total
    }

    public let kind: Kind
    /// The engine's HTTP status, where there was one.
    public let status: Int?
    /// In words that clients may read.
    public let message: String
    /// What a library said about a connection: for the log only.
    public let detail: String?
    /// How long the engine asked us to wait.
    public let retryAfter: Duration?
    /// The engine's own error body, to pass on for `clientFault`.
    public let body: [UInt8]
    /// True once a byte of a successful answer arrived: nothing may be replayed to a client then.
    public var produced: Bool
    /// The request had been written, to this connection or to one before that broke, and may be what broke it.
    public var wasSent = false

    /// The engine has not seen the request, and nothing says that it would mind it.
    public var isOfReach: Bool {
        switch self.kind {
        case .unreachable, .timeout(.connect): !self.wasSent
        default: false
        }
    }

    public init(
        _ kind: Kind, status: Int? = nil, message: String, detail: String? = nil, retryAfter: Duration? = nil,
        body: [UInt8] = [], produced: Bool = false
    ) {
        self.kind = kind
        self.status = status
        self.message = message
        self.detail = detail
        self.retryAfter = retryAfter
        self.body = body
        self.produced = produced
    }

    /// A word for metrics labels: bounded set.
    public var label: String {
        switch self.kind {
        case .clientFault: "client"
        case .capacity: "capacity"
        case .billing: "billing"
        case .credential: "credential"
        case .fault: "fault"
        case .unreachable: "unreachable"
        case .timeout: "timeout"
        case .cancelled: "cancelled"
        }
    }
}
