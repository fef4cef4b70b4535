/// Turns an engine's error answer into its class.
public enum FailureClassifier {
    /// Codes with which a paid engine says that money, not capacity, is missing (openai-api 1.3, 8.5).
    static let billingCodes: Set<String> = [
        "insufficient_quota", "credit_balance_exhausted", "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded", "organization_usage_limit_exceeded", "billing_not_active",
        "billing_hard_limit_reached",
    ]

    /// A request that is too long stays too long, also where an engine calls that its own failure.
    static let contextLengthCode = "context_length_exceeded"

    /// - Parameters:
    ///   - code, type, message: from the engine's error body in OpenAI's words, empty when it had none.
    ///   - retryAfter: from `retry-after-ms` or `Retry-After`.
    public static func classify(
        status: Int, code: String, type: String, message: String, retryAfter: Duration?, body: [UInt8]
    ) -> EngineFailure {
        let status = code == self.contextLengthCode && status >= 500 ? 400 : status
        return EngineFailure(
            kind(status: status, code: code, type: type, message: message), status: status,
            message: message.isEmpty ? "the engine answered HTTP \(status)" : message, retryAfter: retryAfter,
            body: body)
    }

    private static func kind(status: Int, code: String, type: String, message: String) -> EngineFailure.Kind {
        switch status {
        case 401, 403:
            return .credential
        case 408:
            return .timeout(.total)
        case 429:
            if billingCodes.contains(code) || billingCodes.contains(type) { return .billing }
            // A request larger than the limit itself never fits, however long one waits (openai-api A.6).
            if message.hasPrefix("Request too large") { return .clientFault }
            return .capacity
        case 498, 503, 529:
            // 498: Groq's flex answer; 529: overloaded.
            return .capacity
        case 402:
            return .billing
        case 409:
            // Something else was under way; nothing is wrong with the request (scheduling 6.7).
            return .fault
        case 400..<500:
            return .clientFault
        default:
            return .fault
        }
    }
}
