/// How one attempt at a batch line ended, as far as the ledger of lines must know.
public enum AttemptOutcome: Hashable, Sendable {
    case succeeded
    /// The engine refused the request for what it is (4xx): final.
    case finalFailure(status: Int)
    /// The attempt failed for a reason that may pass; counted against the line. `retryAfter` is what the engine asked.
    case retryable(RetryableFailure, retryAfter: Duration?)
    /// The engine had no room (429, 503, "slow down"); not counted, as it says nothing about the line: the line is put
    /// off until its batch's window ends. `retryAfter` is what the engine asked.
    case refused(retryAfter: Duration?)
    /// The engine does not sell the tier that this product had asked it for (400, `service_tier`); not counted, as the
    /// line did not ask for it. The driver asks for another one.
    case tierRefused
    /// This product cancelled the attempt in favour of more urgent work; not counted.
    case preempted
    /// The process is shutting down, or the batch was cancelled; not counted.
    case shutDown
    /// The engine refuses this gateway, not the request (401, 403, a billing 429); not counted. The driver pauses the
    /// engine: failing the lines would punish the customer for the operator's fault.
    case engineUnusable
}

/// A failure that may pass.
public enum RetryableFailure: Hashable, Sendable {
    case status(Int)
    /// No connection, or it broke before the answer was complete.
    case connection
    /// The engine did not answer in time; when attempts run out the error row's code is `request_timeout`.
    case timeout
}
