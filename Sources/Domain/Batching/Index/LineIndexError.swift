/// Why an index cannot be used. The cure is always the same: build it again from the file.
public enum LineIndexError: Error, Equatable, Sendable {
    /// The bytes do not begin and end like an index.
    case notAnIndex
    /// The index was written by another version of the format.
    case unsupportedVersion(Int)
    /// The bytes end before the value that should be there.
    case truncated
    /// A checksum does not fit the bytes that it covers.
    case checksumMismatch
    /// A value that the format does not allow.
    case malformed(String)
    /// The line does not exist in this index.
    case noSuchLine(Int)
    /// The caller's read failed; the caller knows why.
    case unreadable
}
