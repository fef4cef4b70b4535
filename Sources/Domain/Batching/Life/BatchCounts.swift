/// OpenAI's `request_counts`: how many lines a batch has and how many of them ran.
///
/// `failed` counts lines that ran and failed. Lines that never ran, because the batch was cancelled or expired, stand
/// in the error file but are not counted as failed, so a cancelled batch need not add up. That is what OpenAI's
/// service was seen to do for cancelled batches (`{total 8, completed 4, failed 0}`); expired batches follow the same
/// rule here.
public struct BatchCounts: Hashable, Sendable {
    public var total: Int
    public var completed: Int
    public var failed: Int

    public init(total: Int = 0, completed: Int = 0, failed: Int = 0) {
        self.total = total
        self.completed = completed
        self.failed = failed
    }

    /// Lines without an outcome: waiting, in flight, or, at the end, never run.
    public var remaining: Int { self.total - self.completed - self.failed }
}
