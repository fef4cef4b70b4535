import Batching
import Quantities
import Routing
import Scheduling

/// Judges a batch's file from the facts that were stored with its index; the file itself is not read again.
struct BatchValidation {
    let batch: BatchRecord
    let context: BatchContext

    func verdict() async throws(StoreFailure) -> BatchCheck.Verdict {
        let facts: FileFacts
        do throws(StoreFailure) {
            guard let input = try BatchInput.unlessLost(self.batch, blobs: self.context.blobs) else {
                return self.noFile
            }
            try input.verify()
            facts = input.index.facts
        } catch {
            // What could not be read within the window is not waited for any longer.
            if self.context.clock.now >= self.batch.expiresAt { return self.noFile }
            throw error
        }
        guard let endpoint = BatchEndpoint(rawValue: self.batch.endpoint) else { return self.noFile }
        let table = self.context.directory.table
        let verdict = BatchCheck(endpoint: endpoint, limits: self.context.limits.batch).verdict(on: facts) {
            // While no engine has answered nothing is known to be missing; dispatch waits for the model then.
            table.aliases.isEmpty || table.targets(for: $0) != nil
        }
        guard case .valid(_, let model?) = verdict else { return verdict }
        let tiers = self.context.tiers()
        guard tiers.offersBatches(self.batch.tier, project: self.batch.project, model: model) else {
            return .invalid([.notOffered(model: model, window: self.batch.window)])
        }
        if self.isUnpriced(model, table.targets(for: model) ?? []) {
            return .invalid([.unpriced(model: model, window: self.batch.window)])
        }
        return verdict
    }

    /// Whether the operator has priced the model, but not this window: answers would be given away.
    private func isUnpriced(_ model: String, _ targets: [EngineTarget]) -> Bool {
        guard self.context.refusesUnpricedWindows, self.batch.tier != .batch else { return false }
        // While no engine has answered, the name that clients use is all that is known.
        let now = self.context.clock.now
        let pricer = self.context.pricer
        guard !targets.isEmpty else { return pricer.lacks(self.batch.tier, names: [model], at: now) }
        let engines = self.context.directory.table.engines
        return targets.contains { target in
            // A bought engine bills by its own tiers, whatever the window is called here.
            let isOwned = engines[target.engine]?.kind.isOwned != false
            return pricer.lacks(
                isOwned ? self.batch.tier : .standard, names: [target.engineModel, model], at: now)
        }
    }

    private var noFile: BatchCheck.Verdict {
        .invalid([.fileNotFound(self.batch.inputFile.text, organization: self.batch.project.text)])
    }
}
