import Batching
import Logging
import Quantities

/// Waiting for cheaper hours.
extension BatchLoop {
    /// Says once for each opening of the engines that the batch waits for it.
    mutating func tellHours() {
        guard self.isIdle, let model = self.batch.model,
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
}
