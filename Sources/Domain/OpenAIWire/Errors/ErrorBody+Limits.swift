public import Quantities

/// Limits, money and trouble on the server's side (openai-api 1.3, 4.4, 8.5).
extension ErrorBody {
    public static let serverErrorType = "server_error"
    public static let overloadedType = "service_unavailable_error"

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

    /// The project's limit has no room for this request.
    ///
    /// - Parameters:
    ///   - bound: the most that the request may cost; nil when nothing bounds it.
    ///   - left: what is neither spent nor held for running requests.
    public static func projectSpendLimit(bound: Money?, left: Money) -> ErrorBody {
        var body = Self.quota(.projectSpend)
        body.message =
            "The spend limit of the project leaves \(left), and this request may cost "
            + (bound.map { "up to \($0)." } ?? "any amount.")
            + " Set or lower its maximum of output tokens, or have the limit raised."
        return body
    }

    public static let serverError = ErrorBody(
        status: 500, message: "The server had an error while processing your request. Sorry about that!",
        type: Self.serverErrorType)

    public static let overloaded = ErrorBody(
        status: 503, message: "The model is temporarily overloaded. Please try again later.",
        type: Self.overloadedType, code: "server_is_overloaded")

    /// The flex tier has no room (openai-api 4.4): clients test the status and the code.
    public static let resourceUnavailable = ErrorBody(
        status: 429,
        message: "Resource Unavailable: the flex tier has no capacity for this request now. It was not charged. "
            + "Please try again later, or use another tier.",
        type: "rate_limit_error", code: "resource_unavailable")

    /// More requests wait than can be served within the time that this tier waits.
    public static let overloadedForNow = ErrorBody(
        status: 429, message: "The model has more requests than it can answer now. Please try again later.",
        type: "rate_limit_error", code: "server_is_overloaded")

    public static let shuttingDown = ErrorBody(
        status: 503, message: "The server is shutting down. Please try again.", type: Self.overloadedType,
        code: "server_is_shutting_down")

    /// No engine could be reached, or its connection broke before an answer.
    public static let engineUnreachable = ErrorBody(
        status: 502, message: "The engine that serves this model could not be reached.", type: Self.serverErrorType,
        code: Self.engineUnreachableCode)

    /// No engine has been reached since the start, so nobody knows yet which models there are.
    public static let noEngineYet = ErrorBody(
        status: 503, message: "No engine has answered yet.", type: Self.serverErrorType,
        code: Self.engineUnreachableCode)

    /// What is made would not be recorded: the gateway's disk is full, or its database cannot be written for another
    /// reason.
    public static let storeUnavailable = ErrorBody(
        status: 503, message: "The gateway cannot store anything at the moment. Please try again later.",
        type: Self.serverErrorType, code: "store_unavailable")

    private static let engineUnreachableCode = "engine_unreachable"

    /// The engine limits how fast it is asked.
    public static let engineRateLimited = ErrorBody(
        status: 429, message: "The engine that serves this model takes no more requests now. Please try again later.",
        type: "requests", code: "rate_limit_exceeded")

    /// The engine wants money that its account does not have; the client can do nothing about it (openai-api A.6).
    public static let engineBilling = ErrorBody(
        status: 502, message: "The engine that serves this model refused: the gateway's account there cannot pay.",
        type: Self.serverErrorType, code: "engine_billing")

    /// The engine refuses the gateway's own credential; the client can do nothing about it (openai-api A.6).
    public static let engineCredentials = ErrorBody(
        status: 502, message: "The engine that serves this model refused the gateway's credentials.",
        type: Self.serverErrorType, code: "engine_credentials")

    public static let engineTimeout = ErrorBody(
        status: 504, message: "The engine that serves this model did not answer in time.", type: Self.serverErrorType,
        code: "engine_timeout")
}
