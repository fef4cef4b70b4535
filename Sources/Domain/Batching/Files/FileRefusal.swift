/// Why a file or an upload is refused, with the facts of OpenAI's error body: status, type `invalid_request_error`,
/// message, param and code.
public enum FileRefusal: Error, Hashable, Sendable {
    case unknownPurpose(String, accepted: [FilePurpose])
    case missingPurpose
    case missingFile
    /// An expiry whose anchor is not `created_at`.
    case invalidExpiryAnchor(String)
    /// Seconds outside 3,600 ... 2,592,000.
    case invalidExpirySeconds(Int64)
    case fileTooLarge(bytes: Int64, max: Int64)
    /// A batch input file that is empty or whose first line is not a JSON object.
    case notJSONL
    case notDownloadable(FilePurpose)
    /// A size that is not positive.
    case invalidBytes(Int64)

    public var status: Int {
        if case .fileTooLarge = self { return 413 }
        return 400
    }

    public var message: String {
        switch self {
        case .unknownPurpose(let purpose, let accepted):
            let names = accepted.map { "'\($0.rawValue)'" }
            return "Invalid value: '\(LineError.quoted(purpose))'. Supported values are: "
                + names.dropLast().joined(separator: ", ") + ", and \(names.last ?? "")."
        case .missingPurpose: return "Missing required parameter: 'purpose'."
        case .missingFile: return "Missing required parameter: 'file'."
        case .invalidExpiryAnchor(let anchor):
            return "Invalid value: '\(LineError.quoted(anchor))'. Supported values are: 'created_at'."
        case .invalidExpirySeconds(let seconds):
            let range = FileRules.expirySeconds
            return "Invalid 'expires_after.seconds': expected a value from \(range.lowerBound) to "
                + "\(range.upperBound), but got \(seconds) instead."
        case .fileTooLarge(let bytes, let max):
            return "The file has \(LineError.grouped(Int(bytes))) bytes. "
                + "The maximum for this purpose is \(LineError.grouped(Int(max))) bytes."
        case .notJSONL: return "Invalid file format for Batch API. Must be .jsonl"
        case .notDownloadable(let purpose): return "Not allowed to download files of purpose: \(purpose.rawValue)"
        case .invalidBytes(let bytes): return "Invalid 'bytes': expected a positive number, but got \(bytes) instead."
        }
    }

    public var param: String? {
        switch self {
        case .unknownPurpose, .missingPurpose: "purpose"
        case .missingFile: "file"
        case .invalidExpiryAnchor: "expires_after.anchor"
        case .invalidExpirySeconds: "expires_after.seconds"
        case .invalidBytes: "bytes"
        case .fileTooLarge, .notJSONL, .notDownloadable: nil
        }
    }

    public var code: String? {
        switch self {
        case .unknownPurpose, .invalidExpiryAnchor: "invalid_value"
        case .missingPurpose, .missingFile: "missing_required_parameter"
        case .invalidExpirySeconds(let seconds):
            seconds < FileRules.expirySeconds.lowerBound ? "integer_below_min_value" : "integer_above_max_value"
        case .invalidBytes: "integer_below_min_value"
        case .fileTooLarge, .notJSONL, .notDownloadable: nil
        }
    }
}
