import Quantities

/// What the entries of one group add up to, so that each counter row is written once a group.
struct CommitTally {
    struct Batch {
        /// nil: the batch is not there or takes no results any more.
        let sequence: Int64?
        var completed: Int64 = 0
        var failed: Int64 = 0
        var usage = TokenUsage.zero
    }

    /// Read when the first line asks for it.
    var bootEpoch: Int64?
    var batches: [BatchID: Batch] = [:]
    /// Charges that were written.
    var charges: Int64 = 0
}
