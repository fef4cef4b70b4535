/// Why a vocabulary or a tokenizer description was refused.
public enum TokenizingError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A line of a rank file is not `base64 rank`; lines count from 1.
    case malformedRankLine(line: Int, reason: String)
    /// Two lines of a rank file give the same token or the same rank.
    case duplicate(line: Int, reason: String)
    /// The vocabulary has no token for this single byte, so some text could not be encoded.
    case missingByte(UInt8)
    /// The file holds no ranks at all.
    case emptyVocabulary
    /// A named limit was exceeded.
    case tooLarge(String)
    /// The tokenizer description uses something that is not supported; `path` says where.
    case unsupported(path: String, reason: String)

    public var description: String {
        switch self {
        case .malformedRankLine(let line, let reason): "line \(line): \(reason)"
        case .duplicate(0, let reason): reason
        case .duplicate(let line, let reason): "line \(line): \(reason)"
        case .missingByte(let byte): "there is no token for the byte \(byte), so some text could not be encoded"
        case .emptyVocabulary: "there are no ranks in it"
        case .tooLarge(let what): "too large: \(what)"
        case .unsupported(let path, let reason): "\(path) is not supported: \(reason)"
        }
    }
}
