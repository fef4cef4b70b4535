public import OpenAIWire
public import Routing
import Scheduling

/// What went wrong, with the four facts that decide everything after it: whose fault, retry, billed, and the answer
/// that the client sees.
public struct GatewayError: Error, Sendable, Hashable {
    public enum Source: String, Sendable { case client, gateway, engine, store }

    public enum Retry: Hashable, Sendable {
        case never
        /// The same request may succeed after this pause; it becomes `Retry-After`.
        case afterDelay(Duration)
    }

    /// Whether the caller pays for what failed.
    public enum Billing: String, Sendable { case free, partial, full }

    public var source: Source
    public var retry: Retry
    public var billing: Billing
    public var answer: ErrorBody
    /// An engine's own error body, passed through as it came.
    public var engineBody: [UInt8]?

    public init(
        source: Source, retry: Retry = .never, billing: Billing = .free, answer: ErrorBody, engineBody: [UInt8]? = nil
    ) {
        self.source = source
        self.retry = retry
        self.billing = billing
        self.answer = answer
        self.engineBody = engineBody
    }

    /// The client's mistake: not retried, not billed.
    public static func client(_ answer: ErrorBody) -> GatewayError {
        GatewayError(source: .client, answer: answer)
    }

    public static func invalid(
        _ message: String, param: String? = nil, code: String? = nil, status: Int = 400
    ) -> GatewayError {
        .client(
            ErrorBody(
                status: status, message: message, type: ErrorBody.invalidRequest, param: param, code: code))
    }

    public init(_ failure: StoreFailure) {
        if case .unavailable = failure {
            self.init(source: .store, retry: .afterDelay(.seconds(5)), answer: .storeUnavailable)
        } else {
            self.init(source: .store, retry: .afterDelay(.seconds(1)), answer: .serverError)
        }
    }

    /// Nothing can be recorded at the moment.
    static let unrecorded = GatewayError(StoreFailure.unavailable("it is known to fail"))

    /// The bytes of the answer's body.
    public var bodyBytes: [UInt8] { self.engineBody ?? self.answer.encoded }
}

extension GatewayError {
    /// What a client sees of an engine's failure (openai-api A.6). An engine's credential trouble is ours, not theirs.
    /// A lack of room keeps its status, as clients tell 429 and 503 apart, but not its words: they may name an account.
    ///
    /// - Parameter isFlex: the request was served as flex.
    public init(_ failure: EngineFailure, isFlex: Bool = false) {
        let billing: Billing = failure.produced ? .partial : .free
        switch failure.kind {
        case .clientFault:
            var answer = ErrorBody(parsing: failure.body, status: failure.status ?? 400)
            answer.status = failure.status ?? 400
            self.init(source: .client, answer: answer)
        case .capacity:
            let isFull = failure.status == 429 || isFlex && failure.isFlexCapacity
            let answer = isFull ? Self.tooMany(failure, isFlex: isFlex) : .overloaded
            var delay = failure.retryAfter ?? .seconds(5)
            // The contract of flex, whoever refuses.
            if answer.code == ErrorBody.resourceUnavailable.code { delay = min(.seconds(60), max(.seconds(5), delay)) }
            self.init(source: .engine, retry: .afterDelay(delay), billing: billing, answer: answer)
        case .billing:
            self.init(source: .gateway, billing: billing, answer: .engineBilling)
        case .credential:
            self.init(source: .gateway, billing: billing, answer: .engineCredentials)
        case .fault:
            self.init(
                source: .engine, retry: .afterDelay(.seconds(1)), billing: billing,
                answer: ErrorBody(
                    status: 502, message: "The engine failed: \(failure.message)", type: ErrorBody.serverErrorType,
                    code: "engine_fault"))
        case .unreachable:
            self.init(
                source: .engine, retry: .afterDelay(.seconds(2)), billing: billing, answer: .engineUnreachable)
        case .timeout:
            self.init(source: .engine, retry: .afterDelay(.seconds(1)), billing: billing, answer: .engineTimeout)
        case .cancelled:
            self.init(
                source: .gateway, retry: .afterDelay(.seconds(2)), billing: billing, answer: .shuttingDown)
        }
    }

    /// A flex call that an engine refuses, but not for coming too fast, found no capacity.
    private static func tooMany(_ failure: EngineFailure, isFlex: Bool) -> ErrorBody {
        let code = ErrorBody(parsing: failure.body, status: 429).code
        if code == ErrorBody.resourceUnavailable.code { return .resourceUnavailable }
        return isFlex && failure.isFlexCapacity ? .resourceUnavailable : .engineRateLimited
    }
}

extension EngineFailure {
    /// What a flex call is refused with where flex has no room. Limits of pace are shared by all tiers, and an overload
    /// (503) is everybody's (openai-api 4.4).
    var isFlexCapacity: Bool { (self.status == 429 || self.status == 498) && !self.isOfPace }

    /// Requests come faster than the engine, or its seller, takes them in any tier.
    var isOfPace: Bool {
        let code = ErrorBody(parsing: self.body, status: self.status).code
        return code == ErrorBody.engineRateLimited.code || code == "slow_down"
    }

    /// A request of this tier was refused as flex is where it has no room.
    func isOfFlex(_ tier: Tier) -> Bool {
        self.kind == .capacity && !self.produced && !tier.lane.isInteractive && self.isFlexCapacity
    }
}
