import Logging
import Quantities
import Routing
import Scheduling

/// Engines that refuse lines for want of room. It costs a line nothing: it is put off, and the scheduler keeps away
/// from an engine that refuses everything (`Overload`).
extension BatchLoop {
    /// An engine's troubles are told once in this time.
    static let refusingSaidEvery: Duration = .seconds(60)

    mutating func refused(by engine: EngineID, _ failure: EngineFailure) {
        let count = self.refusals[engine, default: 0] + 1
        self.refusals[engine] = count
        let now = self.context.clock.now
        guard count >= Overload.refusalsMax,
            self.saidRefusing[engine].map({ now.since($0) >= Self.refusingSaidEvery }) ?? true
        else { return }
        self.saidRefusing[engine] = now
        self.context.logger.warning(
            "an engine refuses all lines of the batch; they are tried again until its window ends",
            metadata: [
                "batch.id": "\(self.batch.id)", "engine": "\(engine)",
                "status": "\(failure.status.map(String.init) ?? "none")", "reason": "\(failure.message)",
            ])
    }

    mutating func engineIsBack(_ engine: EngineID) {
        let targets = self.context.directory.targets(for: self.batch.model ?? "") ?? []
        guard targets.contains(where: { $0.engine == engine }), self.pause.engineIsBack() else { return }
        self.context.engines.resume(self.batch.id)
    }

    mutating func answered(by engine: EngineID) {
        if self.pause.answered(by: engine) { self.context.engines.resume(self.batch.id) }
        guard let refusals = self.refusals.removeValue(forKey: engine), refusals >= Overload.refusalsMax else { return }
        let now = self.context.clock.now
        self.plan?.hurryRefused(now: now)
        guard self.saidRefusing[engine] != nil else { return }
        self.context.logger.info(
            "the engine serves the batch again", metadata: ["batch.id": "\(self.batch.id)", "engine": "\(engine)"])
    }
}
