import OpenAIWire

/// Why a request is refused, with the answer that the client will see.
struct RequestRefusal: Error, Hashable, Sendable {
    /// vLLM names errors after their Python class and repeats the status as code; OpenAI's codes are words.
    enum Code: Hashable, Sendable {
        case status
        case word(String)
    }

    let status: Int
    let type: String
    let message: String
    var param: String?
    var code = Code.status

    static func invalid(_ message: String, param: String? = nil) -> RequestRefusal {
        RequestRefusal(status: 400, type: "BadRequestError", message: message, param: param)
    }

    static func notJSON(_ error: JSONError) -> RequestRefusal {
        .invalid("The body is not valid JSON: \(error.reason) at byte \(error.offset).")
    }

    /// The refusal that `error`, thrown while a body is read, means.
    static func of(_ error: any Error) -> RequestRefusal {
        switch error {
        case let refusal as RequestRefusal: refusal
        case let error as JSONError: .notJSON(error)
        default: .invalid("\(error)")
        }
    }

    static func unknownModel(_ model: String) -> RequestRefusal {
        RequestRefusal(
            status: 404, type: "NotFoundError", message: "The model `\(model)` does not exist.", param: "model")
    }

    static func tooLong(context: Int, prompt: Int, limit: Int, param: String) -> RequestRefusal {
        RequestRefusal(
            status: 400, type: "invalid_request_error",
            message: "This model's maximum context length is \(context) tokens. However, you requested "
                + "\(prompt + limit) tokens (\(prompt) in the prompt, \(limit) in the completion). "
                + "Please reduce the length of the prompt or completion.",
            param: param, code: .word("context_length_exceeded"))
    }

    static func fault(_ kind: FaultKind) -> RequestRefusal {
        switch kind {
        case .tooManyRequests:
            RequestRefusal(
                status: 429, type: "rate_limit_error", message: "Simulated fault: too many requests.",
                code: .word("rate_limit_exceeded"))
        case .unavailable:
            RequestRefusal(status: 503, type: "ServiceUnavailableError", message: "Simulated fault: unavailable.")
        default:
            RequestRefusal(status: 500, type: "InternalServerError", message: "Simulated fault: internal error.")
        }
    }

    static let lineFull = RequestRefusal(
        status: 503, type: "ServiceUnavailableError", message: "The simulated engine's waiting line is full.")

    var body: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("error")
        writer.beginObject()
        writer.member("message", self.message)
        writer.member("type", self.type)
        writer.member("param", self.param)
        switch self.code {
        case .status: writer.member("code", Int64(self.status))
        case .word(let word): writer.member("code", word)
        }
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }
}
