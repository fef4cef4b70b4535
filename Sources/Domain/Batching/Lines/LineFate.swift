/// The one outcome of a batch line that ran.
public enum LineFate: Hashable, Sendable {
    /// The engine answered 2xx: the line goes to the output file.
    case succeeded
    /// The line goes to the error file.
    case failed(LineFailure)
}

/// Why a line that ran failed for good.
public enum LineFailure: Hashable, Sendable {
    /// The engine refused this request with this HTTP status; repeating it would not help.
    case status(Int)
    /// Every counted attempt failed; this is the kind of the last failure.
    case exhausted(RetryableFailure)
}
