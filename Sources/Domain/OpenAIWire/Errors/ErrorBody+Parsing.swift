extension ErrorBody {
    /// Characters of a plain-text error body that are kept as the message.
    public static let plainTextMax = 2000

    /// Reads the error answer of an engine, whatever its shape, and puts it in OpenAI's words.
    ///
    /// Understood: OpenAI's envelope; `error` as a bare string; the error object without an envelope (older vLLM);
    /// numeric codes (llama.cpp, vLLM), which repeat the status; FastAPI's `detail` as text or as a list of
    /// `{loc, msg}`; `message` alone; and plain text or HTML, cut at `plainTextMax` characters.
    ///
    /// - Parameter status: of the answer; nil for an error under HTTP 200, whose own code then tells, else 500.
    public init(parsing bytes: [UInt8], status: Int?) {
        guard let root = try? JSONValue(parsing: bytes) else {
            self = Self.plainText(bytes, status: status ?? 500)
            return
        }
        let inner = root["error"].flatMap { $0.kind == .object ? $0 : nil }
        let known = status ?? Self.statusCode(of: inner ?? root)
        self = Self.reading(root, inner, bytes, status: known ?? 500).inOpenAIWords(isStatusKnown: known != nil)
    }

    /// The value of an `error` member inside a stream event: an object or a text.
    init(streamed value: JSONValue) {
        let known = Self.statusCode(of: value)
        let body: ErrorBody
        if let text = value.string {
            body = ErrorBody(status: 500, message: text, type: Self.defaultType(status: 500))
        } else {
            body = Self.object(value, status: known ?? 500, fallbackType: Self.defaultType(status: known ?? 500))
        }
        self = body.inOpenAIWords(isStatusKnown: known != nil)
    }

    private static func reading(
        _ root: JSONValue, _ error: JSONValue?, _ bytes: [UInt8], status: Int
    ) -> ErrorBody {
        let fallbackType = Self.defaultType(status: status)
        if let error {
            return Self.object(error, status: status, fallbackType: fallbackType)
        } else if let text = root["error"]?.string {
            return ErrorBody(status: status, message: text, type: fallbackType)
        } else if let detail = root["detail"] {
            return Self.detail(detail, status: status, fallbackType: fallbackType)
        } else if root["message"]?.string != nil {
            return Self.object(root, status: status, fallbackType: fallbackType)
        } else if let text = root.string, !text.isEmpty {
            return ErrorBody(status: status, message: text, type: fallbackType)
        }
        return Self.plainText(bytes, status: status)
    }

    /// The HTTP status that an error names as its code.
    private static func statusCode(of error: JSONValue) -> Int? {
        Self.text(error["code"]).flatMap { Int($0) }.flatMap { (400...599).contains($0) ? $0 : nil }
    }

    /// The `type` for an engine's error that names none.
    static func defaultType(status: Int) -> String {
        switch status {
        case 429: "rate_limit_error"
        case 503: "service_unavailable_error"
        case 500...: "server_error"
        default: Self.invalidRequest
        }
    }

    private static func object(_ error: JSONValue, status: Int, fallbackType: String) -> ErrorBody {
        let type = error["type"]?.string
        return ErrorBody(
            status: status,
            message: error["message"]?.string ?? Self.compact(error),
            type: type.flatMap { $0.isEmpty ? nil : $0 } ?? fallbackType,
            param: Self.text(error["param"]),
            code: Self.text(error["code"]))
    }

    private static func detail(_ detail: JSONValue, status: Int, fallbackType: String) -> ErrorBody {
        if let text = detail.string { return ErrorBody(status: status, message: text, type: fallbackType) }
        guard let first = detail[0], let message = first["msg"]?.string else {
            return ErrorBody(status: status, message: Self.compact(detail), type: fallbackType)
        }
        // FastAPI's location begins with where the value came from ("body"); the rest is the path of the field.
        let path = (first["loc"]?.array ?? []).compactMap { Self.text($0) }.drop { $0 == "body" }
        let param = path.isEmpty ? nil : path.joined(separator: ".")
        return ErrorBody(status: status, message: message, type: fallbackType, param: param)
    }

    /// A string, or the text of a number; nil for everything else.
    private static func text(_ value: JSONValue?) -> String? {
        switch value {
        case .string(let text): text
        case .number(let text): text
        default: nil
        }
    }

    private static func compact(_ value: JSONValue) -> String {
        String(String(decoding: value.encoded, as: UTF8.self).prefix(Self.plainTextMax))
    }

    private static func plainText(_ bytes: [UInt8], status: Int) -> ErrorBody {
        // Four bytes a character at most, so the cut below never sees more than it needs.
        let text = String(decoding: bytes.prefix(Self.plainTextMax * 4), as: UTF8.self)
        let message = text.isEmpty ? "The engine answered with status \(status) and no message." : text
        return ErrorBody(
            status: status, message: String(message.prefix(Self.plainTextMax)), type: Self.defaultType(status: status))
    }
}
