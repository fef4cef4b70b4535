import Batching
import Quantities
import Routing

/// Judges a batch's file from the facts that were stored with its index; the file itself is not read again.
struct BatchValidation {
    let batch: BatchRecord
    let context: BatchContext

    func verdict() async throws(StoreFailure) -> BatchCheck.Verdict {
        guard let endpoint = BatchEndpoint(rawValue: self.batch.endpoint), let input = self.batch.input,
            let index = self.batch.index
        else {
            return .invalid([.fileNotFound(self.batch.inputFile.text, organization: self.batch.project.text)])
        }
        let lines = try BatchInput(input: input, index: index, blobs: self.context.blobs)
        try lines.verify()
        let table = self.context.directory.table
        return BatchCheck(endpoint: endpoint, limits: self.context.limits.batch).verdict(on: lines.index.facts) {
            // While no engine has answered nothing is known to be missing; dispatch waits for the model then.
            table.aliases.isEmpty || table.targets(for: $0) != nil
        }
    }
}
