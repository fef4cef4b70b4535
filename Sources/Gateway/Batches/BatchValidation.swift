import Batching
import Quantities
import Routing

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
        return BatchCheck(endpoint: endpoint, limits: self.context.limits.batch).verdict(on: facts) {
            // While no engine has answered nothing is known to be missing; dispatch waits for the model then.
            table.aliases.isEmpty || table.targets(for: $0) != nil
        }
    }

    private var noFile: BatchCheck.Verdict {
        .invalid([.fileNotFound(self.batch.inputFile.text, organization: self.batch.project.text)])
    }
}
