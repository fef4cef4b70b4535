/// Limits, money and trouble on the server's side (openai-api 1.3, 4.4, 8.5).
extension ErrorBody {
    public static let serverErrorType = "server_error"
    public static let overloadedType = "service_unavailable_error"

    /// What a minute or day limit counts; the raw value is the error's `type`.
    public enum LimitKind: String, Hashable, Sendable {
        case requests, tokens
    }

    /// A temporary 429; the caller adds `Retry-After`.
    ///
    /// - Parameters:
    ///   - window: as OpenAI writes it: "requests per min (RPM)", "tokens per day (TPD)".
    ///   - retryAfter: in OpenAI's short form: "7.62s", "7m12s".
    public static func rateLimit(
        _ kind: LimitKind, window: String, model: String, owner: String, limit: Int64, used: Int64, requested: Int64,
        retryAfter: String
    ) -> ErrorBody {
        ErrorBody(
            status: 429,
            message: "Rate limit reached for \(model) in \(owner) on \(window): Limit \(limit), Used \(used), "
                + "Requested \(requested). Please try again in \(retryAfter).",
            type: kind.rawValue, code: "rate_limit_exceeded")
    }

    /// One request above the whole limit: permanent, so the caller adds `x-should-retry: false`.
    public static func requestTooLarge(
        window: String, model: String, owner: String, limit: Int64, requested: Int64
    ) -> ErrorBody {
        ErrorBody(
            status: 429,
            message: "Request too large for \(model) in \(owner) on \(window): Limit \(limit), Requested \(requested). "
                + "The input or output tokens must be reduced in order to run successfully.",
            type: LimitKind.tokens.rawValue, code: "rate_limit_exceeded")
    }

    public static let slowDown = ErrorBody(
        status: 429,
        message: "Slow down: traffic grows too fast. Please reduce the request rate and ramp up gradually.",
        type: "rate_limit_error", code: "slow_down")

    /// No capacity for flex work now; free of charge (openai-api 4.4).
    public static let flexUnavailable = ErrorBody(
        status: 429,
        message: "Resource Unavailable: the flex processing tier has no free capacity at present. "
            + "Please try again later, or use service_tier 'auto'.",
        type: "rate_limit_error", code: "resource_unavailable")

    /// Why money refuses; the raw value is the error's `code`. Never with `Retry-After`.
    public enum QuotaKind: String, Hashable, Sendable, CaseIterable {
        case quota = "insufficient_quota"
        case credits = "credit_balance_exhausted"
        case organizationSpend = "organization_spend_limit_exceeded"
        case projectSpend = "project_spend_limit_exceeded"
        case usageLimit = "organization_usage_limit_exceeded"
    }

    public static func quota(_ kind: QuotaKind) -> ErrorBody {
        let message =
            switch kind {
            case .quota: "You exceeded your current quota, please check your plan and billing details."
            case .credits: "You have no credits remaining. Add credits to continue."
            case .organizationSpend: "The spend limit of the organization is reached."
            case .projectSpend: "The spend limit of the project is reached."
            case .usageLimit: "The monthly usage limit of the organization is reached."
            }
        return ErrorBody(status: 429, message: message, type: "insufficient_quota", code: kind.rawValue)
    }

    public static let serverError = ErrorBody(
        status: 500, message: "The server had an error while processing your request. Sorry about that!",
        type: Self.serverErrorType)

    public static let overloaded = ErrorBody(
        status: 503, message: "The model is temporarily overloaded. Please try again later.",
        type: Self.overloadedType, code: "server_is_overloaded")

    public static let shuttingDown = ErrorBody(
        status: 503, message: "The server is shutting down. Please try again.", type: Self.overloadedType,
        code: "server_is_shutting_down")

    /// No engine could be reached, or its connection broke before an answer.
    public static let engineUnreachable = ErrorBody(
        status: 502, message: "The engine that serves this model could not be reached.", type: Self.serverErrorType,
        code: "engine_unreachable")

    /// The engine refuses the gateway's own credential; the client can do nothing about it (openai-api A.6).
    public static let engineCredentials = ErrorBody(
        status: 502, message: "The engine that serves this model refused the gateway's credentials.",
        type: Self.serverErrorType, code: "engine_credentials")

    public static let engineTimeout = ErrorBody(
        status: 504, message: "The engine that serves this model did not answer in time.", type: Self.serverErrorType,
        code: "engine_timeout")

    /// The request waited in the queue for as long as its tier allows (openai-api 4.3).
    public static let queueTimeout = ErrorBody(
        status: 408, message: "The request waited too long for free capacity.", type: "timeout_error",
        code: "queue_timeout")
}
