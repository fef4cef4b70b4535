/// Errors of an input file as a whole (openai-api 3.9).
extension BatchObject.InputError {
    public static func fileNotFound(_ id: String) -> Self {
        Self(
            code: "invalid_request", message: "Cannot find file \(id), or the project does not have access to it.",
            param: "file_id")
    }

    public static let emptyFile = Self(
        code: "empty_file", message: "The input file contains no requests.", param: "input_file_id")

    public static func tooManyRequests(maximum: Int64) -> Self {
        Self(
            code: "request_limit_exceeded", message: "The input file contains more than \(maximum) requests.",
            param: "input_file_id")
    }

    public static func fileTooLarge(maximumBytes: Int64) -> Self {
        Self(
            code: "file_too_large", message: "The input file is larger than \(maximumBytes) bytes.",
            param: "input_file_id")
    }

    public static func lineTooLong(maximumBytes: Int, line: Int64) -> Self {
        Self(
            code: "invalid_json_line", message: "This line is longer than \(maximumBytes) bytes.", line: line)
    }

    public static func tooManyEmbeddingInputs(maximum: Int64) -> Self {
        Self(
            code: "request_limit_exceeded", message: "The input file contains more than \(maximum) embedding inputs.",
            param: "input_file_id")
    }

    /// The queue of a model is full; not a 429, but a batch that fails (openai-api 3.10).
    public static func tokenLimit(model: String, owner: String, limit: Int64) -> Self {
        Self(
            code: "token_limit_exceeded",
            message: "Enqueued token limit reached for \(model) in \(owner). Limit: \(limit) enqueued tokens. "
                + "Please try again once some in_progress batches have been completed.")
    }
}
