/// What went wrong, with the four facts that decide everything after it: whose fault, retry, billed, and what the
/// client sees.
public struct GatewayError: Error, Sendable, Equatable {
    public enum Source: String, Sendable { case client, gateway, engine, store }

    public enum Retry: Equatable, Sendable {
        case never
        /// The same request may succeed after this pause.
        case afterDelay(Duration)
        case elsewhere
    }

    /// Whether the caller pays for what failed.
    public enum Billing: String, Sendable { case free, partial, full }

    public var source: Source
    public var retry: Retry
    public var billing: Billing
    /// HTTP status of the answer.
    public var status: Int
    /// OpenAI's `error.type`.
    public var type: String
    /// OpenAI's `error.code`.
    public var code: String?
    /// OpenAI's `error.param`.
    public var param: String?
    public var message: String
    /// An engine's own error body, passed through as it came.
    public var engineBody: [UInt8]?

    public init(
        source: Source, retry: Retry = .never, billing: Billing = .free, status: Int, type: String,
        code: String? = nil, param: String? = nil, message: String, engineBody: [UInt8]? = nil
    ) {
        self.source = source
        self.retry = retry
        self.billing = billing
        self.status = status
        self.type = type
        self.code = code
        self.param = param
        self.message = message
        self.engineBody = engineBody
    }
}

extension GatewayError {
    public static func invalidRequest(
        _ message: String, param: String? = nil, code: String? = nil, status: Int = 400
    ) -> GatewayError {
        GatewayError(
            source: .client, status: status, type: "invalid_request_error", code: code, param: param, message: message)
    }

    public static func missingParameter(_ name: String) -> GatewayError {
        .invalidRequest("Missing required parameter: '\(name)'.", param: name, code: "missing_required_parameter")
    }

    public static func unknownModel(_ name: String) -> GatewayError {
        .invalidRequest(
            "The model '\(name)' does not exist or you do not have access to it.", param: "model",
            code: "model_not_found", status: 404)
    }

    /// Also for a tier that exists but is not offered: there is never a silent change of tier.
    public static let invalidServiceTier = GatewayError.invalidRequest(
        "Invalid service_tier argument", param: "service_tier")

    public static func noSuchFile(_ id: String) -> GatewayError {
        .invalidRequest("No such File object: \(id)", param: "id", status: 404)
    }

    public static func noBatch(_ id: String) -> GatewayError {
        .invalidRequest("No batch found with id '\(id)'.", status: 404)
    }

    public static func noUpload(_ id: String) -> GatewayError {
        .invalidRequest("No upload found with id '\(id)'.", status: 404)
    }

    public static func conflict(_ message: String) -> GatewayError { .invalidRequest(message, status: 409) }

    public static func tooLarge(_ what: String, limit: Int64) -> GatewayError {
        .invalidRequest("\(what) is larger than the limit of \(limit) bytes.", status: 413)
    }

    public static let missingKey = GatewayError.invalidRequest(
        "You didn't provide an API key. Send it in the Authorization header: 'Authorization: Bearer YOUR_KEY'.",
        status: 401)

    public static func wrongKey(hint: String) -> GatewayError {
        .invalidRequest("Incorrect API key provided: \(hint).", code: "invalid_api_key", status: 401)
    }

    public static let budgetExhausted = GatewayError(
        source: .client, status: 429, type: "insufficient_quota", code: "project_spend_limit_exceeded",
        message: "This project has reached its spend limit. Ask its owner to raise it.")

    public static let shuttingDown = GatewayError(
        source: .gateway, retry: .afterDelay(.seconds(5)), status: 503, type: "service_unavailable_error",
        code: "server_is_overloaded", message: "The gateway is shutting down. Please try again.")

    public static func store(_ message: String) -> GatewayError {
        GatewayError(
            source: .store, retry: .afterDelay(.seconds(1)), status: 500, type: "server_error",
            message: "The gateway could not record the request. \(message)")
    }

    public static let internalFault = GatewayError(
        source: .gateway, status: 500, type: "server_error",
        message: "The server had an error while processing your request. Sorry about that!")
}
