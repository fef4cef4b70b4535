import Ledger
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

    struct ModelOutput {
        var requests: Int64 = 0
        var outputTokens: Int64 = 0
    }

    /// Read when the first line asks for it.
    var bootEpoch: Int64?
    var batches: [BatchID: Batch] = [:]
    private(set) var spent: [ProjectID: Money] = [:]
    private(set) var modelOutput: [String: ModelOutput] = [:]

    mutating func add(_ charge: Charge) throws(QuantityError) {
        if let amount = charge.amount {
            self.spent[charge.project] = try (self.spent[charge.project] ?? .zero).adding(amount)
        }
        guard charge.outcome == .answered else { return }
        var output = self.modelOutput[charge.requestedModel] ?? ModelOutput()
        output.requests += 1
        output.outputTokens = try output.outputTokens.adding(charge.usage.output)
        self.modelOutput[charge.requestedModel] = output
    }
}
