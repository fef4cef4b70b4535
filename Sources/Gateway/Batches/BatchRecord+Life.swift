import Batching
import Quantities

/// Between the stored row and the state machine's record.
extension BatchRecord {
    /// The part of the row that the state machine decides.
    func life() throws(StoreFailure) -> Batching.BatchRecord {
        guard let status = BatchStatus(rawValue: self.status) else {
            throw .unavailable("batch \(self.id) has an unknown status '\(self.status)'")
        }
        var times = BatchTimes(created: self.createdAt, expires: self.expiresAt)
        times.inProgress = self.inProgressAt
        times.finalizing = self.finalizingAt
        times.completed = self.completedAt
        times.failed = self.failedAt
        times.expired = self.expiredAt
        times.cancelling = self.cancellingAt
        times.cancelled = self.cancelledAt
        var counts = BatchCounts()
        counts.total = Int(self.totalLines)
        counts.completed = Int(self.completedLines)
        counts.failed = Int(self.failedLines)
        return Batching.BatchRecord(
            status: status, times: times, counts: counts, model: self.model,
            errors: self.errors.map { error in
                LineError(
                    code: LineError.Code(rawValue: error.code) ?? .invalidRequest, message: error.message,
                    param: error.param, line: error.line.map { Int($0) })
            })
    }

    /// This batch with the blobs of its input file; with none where there is no such file, or not one of a batch.
    public func reading(_ file: FileRecord?) -> BatchRecord {
        var row = self
        (row.input, row.index) = (nil, nil)
        if let file, file.id == self.inputFile, file.project == self.project,
            file.purpose == FilePurpose.batch.rawValue, file.expiresAt.map({ $0 > self.createdAt }) ?? true,
            case .blob(let input, let index) = file.content
        {
            (row.input, row.index) = (input, index)
        }
        return row
    }

    /// Whether its cost limit ended the batch.
    var isOverCostLimit: Bool { self.errors.contains { $0.code == LineError.Code.costLimitReached.rawValue } }

    /// This row with what the state machine decided. Counts are left alone: the commit log keeps them.
    func with(_ life: Batching.BatchRecord) -> BatchRecord {
        var row = self
        row.status = life.status.rawValue
        row.model = life.model
        row.totalLines = Int32(clamping: life.counts.total)
        row.inProgressAt = life.times.inProgress
        row.finalizingAt = life.times.finalizing
        row.completedAt = life.times.completed
        row.failedAt = life.times.failed
        row.expiredAt = life.times.expired
        row.cancellingAt = life.times.cancelling
        row.cancelledAt = life.times.cancelled
        row.errors = life.errors.map { error in
            BatchErrorRecord(
                code: error.code.rawValue, message: error.message, param: error.param,
                line: error.line.map { Int64($0) })
        }
        return row
    }
}
