import Quantities

/// The batches that are next, one for each rank, found in one walk over all of them.
struct NextBatches {
    private struct Candidate {
        let id: BatchID
        let service: Double
        let deadline: Instant
    }

    private var critical: Candidate?
    private var flex: Candidate?
    private var batch: Candidate?

    subscript(rank: Rank) -> BatchID? {
        switch rank {
        case .critical: self.critical?.id
        case .flex: self.flex?.id
        case .batch: self.batch?.id
        }
    }

    /// - Parameter service: what its project has had; the least is next.
    mutating func consider(_ batch: OfferedBatch, service: Double) {
        let candidate = Candidate(id: batch.offer.batch, service: service, deadline: batch.offer.deadline)
        switch batch.rank {
        case .critical: Self.take(candidate, &self.critical)
        case .flex: Self.take(candidate, &self.flex)
        case .batch: Self.take(candidate, &self.batch)
        }
    }

    /// Equals are told apart by id: batches come in no order of their own.
    private static func take(_ new: Candidate, _ best: inout Candidate?) {
        if let b = best, (b.service, b.deadline, b.id) <= (new.service, new.deadline, new.id) { return }
        best = new
    }
}
