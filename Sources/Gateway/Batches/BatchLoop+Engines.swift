import Logging
import Quantities
import Routing
import Scheduling

/// What is said of engines that keep the batch from going on.
///
/// A refusal for want of room costs a line nothing: it is put off, and the scheduler keeps away from an engine that
/// refuses everything (`Overload`).
extension BatchLoop {
    mutating func refused(by engine: EngineID, _ failure: EngineFailure) {
        let count = self.refusals[engine, default: 0] + 1
        self.refusals[engine] = count
        guard count == Overload.refusalsMax else { return }
        self.waitsForEngine(.engineCapacity)
        self.context.logger.warning(
            "an engine refuses all lines of the batch; they are tried again until its window ends",
            metadata: [
                "batch.id": "\(self.batch.id)", "engine": "\(engine)",
                "status": "\(failure.status.map(String.init) ?? "none")", "reason": "\(failure.message)",
            ])
    }

    mutating func waitsForEngine(_ wait: BatchWait) {
        self.engineWait = wait
        self.waits(wait)
    }

    mutating func answered(by engine: EngineID) {
        self.pause = Self.pauseFirst
        let refusals = self.refusals.removeValue(forKey: engine) ?? 0
        if self.engineWait != nil {
            self.engineWait = nil
            self.waits(self.saysWait ? .projectSpendLimit : nil)
        }
        guard refusals >= Overload.refusalsMax else { return }
        self.context.logger.info(
            "the engine serves the batch again", metadata: ["batch.id": "\(self.batch.id)", "engine": "\(engine)"])
    }
}
