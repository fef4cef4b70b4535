/// What the gateway itself refuses on the client's side (openai-api 1.3). Statuses are in the first argument.
extension ErrorBody {
    public static let missingKey = ErrorBody(
        status: 401,
        message: "You didn't provide an API key. Provide it in an Authorization header using Bearer auth "
            + "(Authorization: Bearer YOUR_KEY).")

    public static let invalidAPIKeyCode = "invalid_api_key"

    /// - Parameter shownKey: the key as it may be shown, already shortened by the caller.
    public static func invalidAPIKey(_ shownKey: String) -> ErrorBody {
        ErrorBody(status: 401, message: "Incorrect API key provided: \(shownKey).", code: Self.invalidAPIKeyCode)
    }

    /// The key was good when the request came, and is not any more (or its project) when the request could run.
    public static let revokedKey = ErrorBody(
        status: 401, message: "The API key of this request was revoked while the request waited.",
        code: Self.invalidAPIKeyCode)

    /// The key belongs to another project than the one that `OpenAI-Project` names (openai-api 1.6).
    public static let mismatchedProject = ErrorBody(
        status: 401, message: "OpenAI-Project header should match project for API key", code: "mismatched_project")

    public static func unparsableBody(_ error: JSONError) -> ErrorBody {
        ErrorBody(
            status: 400,
            message: "We could not parse the JSON body of your request: \(error.sentence).")
    }

    public static func missingParameter(_ name: String) -> ErrorBody {
        ErrorBody(
            status: 400, message: "Missing required parameter: '\(name)'.", param: name,
            code: "missing_required_parameter")
    }

    /// - Parameters: `expected` and `got` with their article, "a string".
    public static func invalidType(_ name: String, expected: String, got: String) -> ErrorBody {
        ErrorBody(
            status: 400, message: "Invalid type for '\(name)': expected \(expected), but got \(got) instead.",
            param: name, code: "invalid_type")
    }

    public static func invalidValue(_ name: String, got: String, supported: [String]) -> ErrorBody {
        let quoted = supported.map { "'\($0)'" }
        let list = quoted.dropLast().joined(separator: ", ") + (quoted.count > 1 ? ", and " : "") + (quoted.last ?? "")
        let values = quoted.count == 1 ? "Supported value is" : "Supported values are"
        return ErrorBody(
            status: 400, message: "Invalid value: '\(got)'. \(values): \(list).", param: name, code: "invalid_value")
    }

    public static func belowMinimum(_ name: String, minimum: Int64, got: String) -> ErrorBody {
        self.outOfBounds(
            name, "integer below minimum value", expected: "a value >= \(minimum)", got: got,
            code: "integer_below_min_value")
    }

    public static func aboveMaximum(_ name: String, maximum: Int64, got: String) -> ErrorBody {
        self.outOfBounds(
            name, "integer above maximum value", expected: "a value <= \(maximum)", got: got,
            code: "integer_above_max_value")
    }

    public static func emptyArray(_ name: String) -> ErrorBody {
        self.outOfBounds(
            name, "empty array", expected: "an array with minimum length 1", got: "an empty array", code: "empty_array")
    }

    public static func tooLong(_ name: String, maximum: Int, got: Int) -> ErrorBody {
        self.outOfBounds(
            name, "string too long", expected: "a string with maximum length \(maximum)",
            got: "a string with length \(got)", code: "string_above_max_length")
    }

    public static func tooManyProperties(_ name: String, maximum: Int, got: Int) -> ErrorBody {
        self.outOfBounds(
            name, "too many properties", expected: "an object with at most \(maximum) properties",
            got: "an object with \(got) properties", code: "object_above_max_properties")
    }

    public static func repeatedKeys(maximum: Int) -> ErrorBody {
        ErrorBody(
            status: 400, message: "Invalid body: its top-level keys are repeated more than \(maximum) times.",
            param: nil, code: "repeated_keys")
    }

    private static func outOfBounds(
        _ name: String, _ problem: String, expected: String, got: String, code: String
    ) -> ErrorBody {
        ErrorBody(
            status: 400, message: "Invalid '\(name)': \(problem). Expected \(expected), but got \(got) instead.",
            param: name, code: code)
    }

    /// - Parameter param: nil for chat, `model` elsewhere.
    public static func unknownModel(_ name: String, param: String? = nil) -> ErrorBody {
        ErrorBody(
            status: 404, message: "The model '\(name)' does not exist or you do not have access to it.", param: param,
            code: "model_not_found")
    }

    /// A tier that is unknown, or that the model does not offer.
    public static let invalidServiceTier = ErrorBody(
        status: 400, message: "Invalid service_tier argument", param: "service_tier")

    /// The model is priced, but not in this tier, so the tier is not sold for it.
    ///
    /// - Parameter offered: the tiers that are.
    public static func unpricedTier(_ tier: String, model: String, offered: [String]) -> ErrorBody {
        ErrorBody(
            status: 400,
            message: "The model '\(model)' has no price in tier '\(tier)' here, so that tier is not offered for it; "
                + "offered: \(offered.map { "'\($0)'" }.joined(separator: ", ")). The operator can give it a price "
                + "(prices.models, or price_as under tiers.\(tier)), or offer it unpriced (models under "
                + "tiers.\(tier)).",
            param: "service_tier", code: "unpriced_tier")
    }

    public static func unknownURL(method: String, path: String) -> ErrorBody {
        ErrorBody(status: 404, message: "Invalid URL (\(method) \(path))")
    }

    public static func methodNotAllowed(method: String, path: String) -> ErrorBody {
        ErrorBody(
            status: 405, message: "Not allowed to \(method) on \(path).", code: "method_not_supported")
    }

    public static func bodyTooLarge(maximumBytes: Int) -> ErrorBody {
        ErrorBody(status: 413, message: "The request is too large. The maximum is \(maximumBytes) bytes.")
    }
}

extension JSONError {
    /// A clause without a full stop: "unexpected end at byte 12".
    public var sentence: String {
        let what =
            switch self.reason {
            case .unexpectedEnd: "unexpected end"
            case .unexpectedByte: "unexpected character"
            case .invalidLiteral: "unknown literal"
            case .invalidNumber: "malformed number"
            case .invalidEscape: "invalid escape"
            case .controlCharacter: "control character in a string"
            case .invalidUTF8: "invalid UTF-8"
            case .tooDeep: "more than \(JSONScanner.depthMax) nested levels"
            case .trailingBytes: "something follows the value"
            case .expectedObject: "an object was expected"
            case .expectedArray: "an array was expected"
            case .tooManyMembers: "too many members"
            }
        return "\(what) at byte \(self.offset)"
    }
}
