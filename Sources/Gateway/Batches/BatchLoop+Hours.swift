import Batching
import Logging
import Quantities
import Scheduling

/// Waiting for cheaper hours.
extension BatchLoop {
    /// It changes at reviews of deadlines, and is not looked at with each line.
    private static let lookedForEarlyEvery: Duration = .seconds(10)

    /// Says once for each opening of the engines that the batch waits for it, or why it does not.
    mutating func tellHours() {
        guard self.isIdle else { return self.tellEarly() }
        guard let model = self.batch.model,
            case .backgroundHours(let opening) = self.context.engines.wait(of: self.batch.id, model: model),
            opening != self.saidOpening
        else { return }
        self.saidOpening = opening
        self.context.logger.info(
            "batch waits for its engines' background hours",
            metadata: [
                "batch.id": "\(self.batch.id)", "until": "\(opening.rfc3339)",
                "lines": "\(self.plan?.ledger.remainingCount ?? 0)",
            ])
    }

    private mutating func tellEarly() {
        let now = self.context.clock.now
        if let last = self.lookedForEarly, now.since(last) < Self.lookedForEarlyEvery { return }
        self.lookedForEarly = now
        guard let standing = self.context.engines.standing(of: self.batch.id), standing.rank != .batch,
            let opening = standing.opening, opening != self.saidEarly
        else { return }
        self.saidEarly = opening
        self.context.logger.info(
            "batch runs before its engines' background hours, as it might miss its window",
            metadata: [
                "batch.id": "\(self.batch.id)", "until": "\(opening.rfc3339)",
                "deadline.load": "\(standing.load > 0 ? String(standing.load) : "not known yet")",
            ])
    }
}
