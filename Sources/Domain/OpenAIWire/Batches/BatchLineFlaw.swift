/// Why one line of a batch input file is refused; the codes and params of openai-api 3.9.
public enum BatchLineFlaw: Error, Hashable, Sendable {
    case invalidJSON(JSONError)
    case missingParameter(String)
    case invalidType(String, expected: String, got: String)
    case invalidMethod
    case invalidURL(given: String)
    case missingModel
    /// `messages` or `input`.
    case missingPrompt(String)
    case streamingUnsupported
    // The next three need more than the line itself; who reads the file finds them.
    case duplicateCustomID(String)
    case mismatchedModel(String)
    case modelNotFound(String)

    public var code: String {
        switch self {
        case .invalidJSON: "invalid_json_line"
        case .missingParameter: "missing_required_parameter"
        case .invalidType: "invalid_type"
        case .invalidMethod: "invalid_method"
        case .invalidURL: "invalid_url"
        case .missingModel, .missingPrompt: "invalid_request"
        case .streamingUnsupported: "streaming_unsupported"
        case .duplicateCustomID: "duplicate_custom_id"
        case .mismatchedModel: "mismatched_model"
        case .modelNotFound: "model_not_found"
        }
    }

    public var param: String? {
        switch self {
        case .invalidJSON: nil
        case .missingParameter(let name), .invalidType(let name, _, _): name
        case .invalidMethod: "method"
        case .invalidURL: "url"
        case .missingModel, .mismatchedModel, .modelNotFound: "body.model"
        case .missingPrompt(let name): "body.\(name)"
        case .streamingUnsupported: "body.stream"
        case .duplicateCustomID: "custom_id"
        }
    }

    public var message: String {
        switch self {
        case .invalidJSON(let error): "This line is not parseable as valid JSON: \(error.sentence)."
        case .missingParameter(let name): "Missing required parameter: '\(name)'."
        case .invalidType(let name, let expected, let got):
            "Invalid type for '\(name)': expected \(expected), but got \(got) instead."
        case .invalidMethod: "The method must be POST."
        case .invalidURL(let given):
            "The URL provided for this request ('\(given)') does not match the batch endpoint."
        case .missingModel: "Model parameter is required."
        case .missingPrompt(let name): "\(name.prefix(1).uppercased() + name.dropFirst()) parameter is required."
        case .streamingUnsupported: "Streaming is not supported in the Batch API."
        case .duplicateCustomID(let id):
            "The custom_id '\(id)' for this request is a duplicate of another request. "
                + "The custom_id parameter must be unique for each request in a batch."
        case .mismatchedModel(let name):
            "The model '\(name)' for this request does not match the rest of the batch. "
                + "Each batch must contain requests for a single model."
        case .modelNotFound(let name): "The provided model '\(name)' is not supported by the Batch API."
        }
    }
}
