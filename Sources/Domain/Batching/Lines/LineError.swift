/// One entry of a batch's `errors.data`: what is wrong with its input file, and where; or why it ended early.
public struct LineError: Hashable, Sendable {
    /// OpenAI's error codes of batch validation. The last seven names were not observed there; they are this
    /// product's own for cases in which OpenAI's code is unknown.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        case invalidJSONLine = "invalid_json_line"
        case missingRequiredParameter = "missing_required_parameter"
        case duplicateCustomID = "duplicate_custom_id"
        case mismatchedModel = "mismatched_model"
        case invalidURL = "invalid_url"
        case modelNotFound = "model_not_found"
        case invalidRequest = "invalid_request"
        case streamingUnsupported = "streaming_unsupported"
        case emptyFile = "empty_file"
        case invalidMethod = "invalid_method"
        case invalidType = "invalid_type"
        case requestLimitExceeded = "request_limit_exceeded"
        case fileTooLarge = "file_too_large"
        case unpricedModel = "unpriced_model"
        case modelNotOffered = "model_not_offered"
        /// The one that ends a batch which ran.
        case costLimitReached = "cost_limit_reached"
    }

    public let code: Code
    public let message: String
    public let param: String?
    /// The line of the input file, from 1; nil when the error concerns the whole file.
    public let line: Int?

    public init(code: Code, message: String, param: String? = nil, line: Int? = nil) {
        self.code = code
        self.message = message
        self.param = param
        self.line = line
    }
}

extension LineError {
    /// How many bytes of a caller's text a message quotes, so that stored errors stay bounded.
    public static let quotedBytesMax = 256

    /// The text as messages quote it: at most `quotedBytesMax` bytes, cut between characters and marked with an
    /// ellipsis.
    static func quoted(_ text: String) -> String {
        guard text.utf8.count > Self.quotedBytesMax else { return text }
        var kept = ""
        var bytes = 0
        for scalar in text.unicodeScalars {
            bytes += UTF8.width(scalar)
            if bytes > Self.quotedBytesMax { break }
            kept.unicodeScalars.append(scalar)
        }
        return kept + "…"
    }

    static func invalidJSON(line: Int) -> LineError {
        LineError(code: .invalidJSONLine, message: "This line is not parseable as valid JSON.", line: line)
    }

    public static func missing(_ name: String, line: Int) -> LineError {
        LineError(
            code: .missingRequiredParameter, message: "Missing required parameter: '\(name)'.", param: name, line: line)
    }

    static func duplicate(customID: String, line: Int) -> LineError {
        LineError(
            code: .duplicateCustomID,
            message: "The custom_id '\(Self.quoted(customID))' for this request is a duplicate of another request. "
                + "The custom_id parameter must be unique for each request in a batch.",
            param: "custom_id", line: line)
    }

    static func mismatched(model: String, line: Int) -> LineError {
        LineError(
            code: .mismatchedModel,
            message: "The model '\(Self.quoted(model))' for this request does not match the rest of the batch. "
                + "Each batch must contain requests for a single model.",
            param: "body.model", line: line)
    }

    static func wrongURL(line: Int) -> LineError {
        LineError(
            code: .invalidURL, message: "The URL provided for this request does not match the batch endpoint.",
            param: "url", line: line)
    }

    static func unserved(model: String, line: Int?) -> LineError {
        LineError(
            code: .modelNotFound,
            message: "The provided model '\(Self.quoted(model))' is not supported by the Batch API.",
            param: "body.model", line: line)
    }

    /// "Model parameter is required.", "Messages parameter is required."
    public static func required(_ name: String, line: Int) -> LineError {
        let title = name.prefix(1).uppercased() + name.dropFirst()
        return LineError(
            code: .invalidRequest, message: "\(title) parameter is required.", param: "body.\(name)", line: line)
    }

    static func streaming(_ endpoint: BatchEndpoint, line: Int) -> LineError {
        LineError(
            code: .streamingUnsupported,
            message: "\(endpoint.title): Streaming is not supported in the Batch API.",
            param: "body.stream", line: line)
    }

    static func wrongMethod(line: Int) -> LineError {
        LineError(
            code: .invalidMethod, message: "The method of each request in a batch must be 'POST'.",
            param: "method", line: line)
    }

    public static func wrongType(_ name: String, expected: String, line: Int) -> LineError {
        LineError(
            code: .invalidType, message: "Invalid type for '\(name)': expected \(expected).", param: name, line: line)
    }

    static func tooLong(bytesMax: Int, line: Int) -> LineError {
        LineError(
            code: .requestLimitExceeded,
            message: "This line is too long. The maximum length of a line is \(grouped(bytesMax)) bytes.", line: line)
    }

    static func tooManyRequests(_ count: Int, max: Int) -> LineError {
        LineError(
            code: .requestLimitExceeded,
            message: "The input file has \(grouped(count)) requests. A batch may have at most \(grouped(max)).")
    }

    static func tooManyInputs(_ count: Int, max: Int) -> LineError {
        LineError(
            code: .requestLimitExceeded,
            message: "The input file has \(grouped(count)) embedding inputs. A batch may have at most \(grouped(max)).")
    }

    static func tooLarge(bytes: Int, max: Int) -> LineError {
        LineError(
            code: .fileTooLarge,
            message: "The input file has \(grouped(bytes)) bytes. A batch input file may have at most \(grouped(max)).")
    }

    static let empty = LineError(
        code: .emptyFile, message: "The input file contains no requests.", param: "input_file_id")

    /// The file does not exist, belongs to another project or has another purpose: all three look the same.
    public static func fileNotFound(_ file: String, organization: String) -> LineError {
        LineError(
            code: .invalidRequest,
            message: "Cannot find file \(quoted(file)), or organization \(organization) does not have access to it.",
            param: "file_id")
    }

    /// A completion window that has no price for a model which has others.
    public static func unpriced(model: String, window: String) -> LineError {
        LineError(
            code: .unpricedModel,
            message: "The model '\(Self.quoted(model))' has no price for the completion window '\(window)'.",
            param: "completion_window")
    }

    /// A completion window that the operator gives to other models only.
    public static func notOffered(model: String, window: String) -> LineError {
        LineError(
            code: .modelNotOffered,
            message: "The model '\(Self.quoted(model))' is not offered with the completion window '\(window)'.",
            param: "completion_window")
    }

    static let costLimitReached = LineError(
        code: .costLimitReached,
        message: "The cost limit of this batch has no room for another line. "
            + "Lines that did not run are in the error file.")

    /// A number with commas between thousands: 50,000.
    static func grouped(_ number: Int) -> String {
        var digits = String(number.magnitude)
        var groups: [Substring] = []
        while digits.count > 3 {
            groups.insert(Substring(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        groups.insert(Substring(digits), at: 0)
        return (number < 0 ? "-" : "") + groups.joined(separator: ",")
    }
}
