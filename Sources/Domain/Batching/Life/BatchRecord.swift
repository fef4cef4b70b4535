/// Everything about a batch's life that must survive a restart: the state of `BatchStateMachine` as a value.
public struct BatchRecord: Hashable, Sendable {
    public var status: BatchStatus
    public var times: BatchTimes
    public var counts: BatchCounts
    /// The one model of the batch, nil until validation found it.
    public var model: String?
    /// Why validation failed, or the limit that ended the batch; empty in every status but `failed`, `cancelling` and
    /// `cancelled`.
    public var errors: [LineError]

    public init(
        status: BatchStatus, times: BatchTimes, counts: BatchCounts, model: String? = nil, errors: [LineError] = []
    ) {
        self.status = status
        self.times = times
        self.counts = counts
        self.model = model
        self.errors = errors
    }

    /// The first rule that this record breaks, or nil when it is a possible state of a batch.
    public var violation: String? {
        let counts = self.counts
        if counts.total < 0 || counts.completed < 0 || counts.failed < 0 { return "a count is negative" }
        if counts.completed + counts.failed > counts.total { return "more lines have an outcome than exist" }
        if self.times[self.status] == nil { return "the time of entering '\(self.status.rawValue)' is missing" }
        if !self.times.isOrdered { return "the timestamps are out of order" }
        let ends = BatchStatus.allCases.filter { $0.isTerminal && self.times[$0] != nil }
        if ends != (self.status.isTerminal ? [self.status] : []) { return "the end times do not match the status" }
        if self.times.cancelling != nil, self.times.finalizing != nil { return "both cancelled and finalized" }
        if self.status == .failed, self.errors.isEmpty { return "failed without an error" }
        if ![.failed, .cancelling, .cancelled].contains(self.status), !self.errors.isEmpty {
            return "errors in a batch that neither failed nor was stopped"
        }
        switch self.status {
        case .validating, .failed:
            if counts != BatchCounts() { return "lines are counted before validation" }
        case .inProgress:
            break
        case .finalizing, .expired:
            break
        case .completed:
            if counts.remaining != 0 { return "completed with lines that have no outcome" }
        case .cancelling, .cancelled:
            if self.times.inProgress == nil, counts != BatchCounts() { return "lines are counted before validation" }
        }
        return nil
    }
}

/// Why a stored batch cannot be taken up again.
public enum BatchRecordError: Error, Equatable, Sendable {
    /// The record is not a possible state of a batch; the text says which rule it breaks.
    case impossible(String)
}
