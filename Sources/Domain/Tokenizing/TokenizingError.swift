/// Why a vocabulary or a tokenizer description was refused.
public enum TokenizingError: Error, Equatable, Sendable {
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
}
