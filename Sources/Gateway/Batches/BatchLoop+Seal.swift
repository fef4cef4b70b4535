import Batching
import Quantities

/// The end of a batch: its files and its last state, in one transaction.
extension BatchLoop {
    mutating func seal(_ ending: BatchStateMachine.Ending) async throws(StoreFailure) {
        Failpoint.hit("batch.finalizing")
        if ending == .expired { Failpoint.hit("batch.expiring") }
        guard var machine = self.machine else { return }
        let now = self.context.clock.now
        let actions = machine.handle(.finalized, now: now)
        self.machine = machine
        var row = self.batch.with(machine.record)
        var files: [FileRecord] = []
        let output = try await self.context.store.lineBytes(of: row.id, succeeded: true)
        if output.count > 0 {
            let file = self.file(row, bytes: output.bytes, succeeded: true, now: now)
            row.outputFile = file.id
            files.append(file)
        }
        if ending != .completed, try BatchInput.unlessLost(row, blobs: self.context.blobs) == nil {
            // From here on the error file reads the same at each download.
            row.input = nil
            row.index = nil
        }
        var errors = BatchOutputReader(
            batch: row, succeeded: false, store: self.context.store, blobs: self.context.blobs)
        let errorBytes = try await errors.byteCount()
        if errorBytes > 0 {
            let file = self.file(row, bytes: errorBytes, succeeded: false, now: now)
            row.errorFile = file.id
            files.append(file)
        }
        try await self.store(row, expecting: [.finalizing, .cancelling], files: files)
        for action in actions {
            if case .announce(let status) = action { self.announce(status) }
        }
    }

    private func file(_ row: BatchRecord, bytes: Int64, succeeded: Bool, now: Instant) -> FileRecord {
        let lifetime = row.outputExpiresAfter.map { Duration.seconds($0) } ?? self.context.limits.batchFilesKept
        return FileRecord(
            id: self.context.randomness.id(FileID.self), project: row.project,
            filename: succeeded ? FileRules.outputName(row.id) : FileRules.errorName(row.id),
            purpose: FilePurpose.batchOutput.rawValue, bytes: bytes, createdAt: now,
            expiresAt: lifetime.map { now.advanced(by: $0) },
            content: succeeded ? .batchOutput(row.id) : .batchErrors(row.id))
    }
}
