/// Why a step of a multi-part upload is refused; each is HTTP 400 `invalid_request_error` except where `status` says
/// otherwise.
public enum UploadRefusal: Error, Hashable, Sendable {
    case notPending(UploadStatus)
    /// A completion is under way.
    case busy
    case partTooLarge(bytes: Int64, max: Int64)
    case emptyPart
    case tooManyParts(max: Int)
    /// The parts received are far more than the announced size.
    case tooManyBytes(max: Int64)
    case unknownPart(String)
    case repeatedPart(String)
    case wrongTotal(bytes: Int64, expected: Int64)
    case wrongDigest

    public var status: Int {
        switch self {
        case .busy: 409
        case .partTooLarge: 413
        default: 400
        }
    }

    public var message: String {
        switch self {
        case .notPending(let status): "The upload is not pending: its status is '\(status.rawValue)'."
        case .busy: "The upload is being completed."
        case .partTooLarge(let bytes, let max):
            "The part has \(LineError.grouped(Int(bytes))) bytes. The maximum is \(LineError.grouped(Int(max))) bytes."
        case .emptyPart: "The part is empty."
        case .tooManyParts(let max): "The upload has \(LineError.grouped(max)) parts, which is the maximum."
        case .tooManyBytes(let max):
            "The parts of this upload would exceed \(LineError.grouped(Int(max))) bytes together."
        case .unknownPart(let id): "The part '\(LineError.quoted(id))' does not belong to this upload."
        case .repeatedPart(let id): "The part '\(LineError.quoted(id))' is named twice."
        case .wrongTotal(let bytes, let expected):
            "The parts have \(LineError.grouped(Int(bytes))) bytes, but the upload was created with "
                + "\(LineError.grouped(Int(expected))) bytes."
        case .wrongDigest: "The md5 checksum of the assembled file does not match."
        }
    }

    public var param: String? {
        switch self {
        case .unknownPart, .repeatedPart, .wrongTotal: "part_ids"
        case .wrongDigest: "md5"
        case .partTooLarge, .emptyPart: "data"
        case .notPending, .busy, .tooManyParts, .tooManyBytes: nil
        }
    }
}
