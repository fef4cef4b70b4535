import Logging
import OpenAIWire
import Quantities
import Routing

/// Tiers of lines at bought engines (decision 0024).
extension BatchLoop {
    func tiers(at target: EngineTarget, _ engine: Engine, now: Instant) -> LineTiers {
        if engine.kind.isOwned { return .own(self.batch.tier) }
        let names = [target.engineModel, self.batch.model ?? ""]
        return .bought(self.batch.tier, self.endpoint, refused: self.refusedTiers[engine.id] ?? []) {
            self.context.pricer.sells($0, names: names, at: now)
        }
    }

    /// Notes that an engine does not sell the batch's model in the tier that this gateway had asked for. The line is
    /// not to blame, and is asked for again in the next tier.
    ///
    /// - Returns: false where the engine refused something else, or the line was sent without a tier.
    mutating func notesRefusedTier(_ attempt: LineAttempt, _ failure: EngineFailure) -> Bool {
        // What this gateway refused by itself no seller has seen.
        guard attempt.wasSent, failure.kind == .clientFault, let asked = attempt.tiers.asked else { return false }
        let error = ErrorBody(parsing: failure.body, status: failure.status)
        let field = RequestField.serviceTier.name
        guard error.param == field || error.param == nil && error.message.contains(field) else { return false }
        guard self.refusedTiers[attempt.target.engine, default: []].insert(asked).inserted else { return true }
        self.context.logger.warning(
            "a bought engine refuses the tier of a batch's lines; they are asked for in the next one",
            metadata: [
                "batch.id": "\(self.batch.id)", "engine": "\(attempt.target.engine)", "tier": "\(asked)",
                "reason": "\(error.message)",
            ])
        return true
    }
}
