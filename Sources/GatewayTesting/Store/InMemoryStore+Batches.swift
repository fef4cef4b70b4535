public import Gateway
public import Quantities
import Synchronization

extension InMemoryStore: BatchStore {
    @discardableResult
    public func insert(
        _ batch: BatchRecord, answer: IdempotencyRecord?
    ) async throws(StoreFailure) -> BatchRecord {
        try self.change { state throws(StoreFailure) in
            let stored = batch.reading(state.files[batch.inputFile])
            try state.whole { state throws(StoreFailure) in
                try state.insert(stored)
                if let answer { try state.finish(answer) }
            }
            return stored
        }
    }

    public func batch(_ id: BatchID, project: ProjectID) async throws(StoreFailure) -> BatchRecord? {
        try self.change { state in state.batches[id].flatMap { $0.project == project ? $0 : nil } }
    }

    public func batches(project: ProjectID, page: PageRequest) async throws(StoreFailure) -> Page<BatchRecord> {
        try self.change { state in
            page.cut(state.batches.values.filter { $0.project == project }.map { ($0.createdAt, $0.id.text, $0) })
        }
    }

    public func unfinishedBatches() async throws(StoreFailure) -> [BatchRecord] {
        try self.change { state in
            state.batches.values.filter { !$0.isTerminal }.sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
        }
    }

    public func update(
        _ batch: BatchRecord, expecting: [String], files: [FileRecord]
    ) async throws(StoreFailure) -> (batch: BatchRecord, unreferenced: [BlobKey]) {
        if let failure = self.refuseUpdate() { throw failure }
        return try self.change { state throws(StoreFailure) in
            guard let stored = state.batches[batch.id], stored.project == batch.project,
                expecting.contains(stored.status)
            else { throw .notFound }
            try state.whole { state throws(StoreFailure) in
                for file in files { try state.insert(file) }
            }
            var changed = batch
            changed.endpoint = stored.endpoint
            changed.inputFile = stored.inputFile
            changed.window = stored.window
            changed.tier = stored.tier
            changed.metadata = stored.metadata
            changed.outputExpiresAfter = stored.outputExpiresAfter
            changed.createdAt = stored.createdAt
            changed.completedLines = stored.completedLines
            changed.failedLines = stored.failedLines
            changed.usage = stored.usage
            state.batches[batch.id] = changed
            return (changed, changed.isTerminal ? state.unreferenced(stored.blobs) : [])
        }
    }

    private func refuseUpdate() -> StoreFailure? {
        let (failure, watching) = self.state.withLock { state in
            if state.updateFailure != nil { state.refusedUpdates += 1 }
            let count = state.refusedUpdates
            let watching = state.watchers.filter { $0.count <= count }
            state.watchers.removeAll { $0.count <= count }
            return (state.updateFailure, watching.map(\.continuation))
        }
        for watcher in watching { watcher.resume() }
        return failure
    }

    public func finishedLines(of batch: BatchID) async throws(StoreFailure) -> [Int32] {
        try self.change { state in (state.lines[batch] ?? [:]).keys.sorted() }
    }

    public func lines(
        of batch: BatchID, succeeded: Bool, after: Int32, limit: Int, bytes: Int
    ) async throws(StoreFailure) -> [LineRow] {
        try self.change { state in
            let rows = state.rows(of: batch, succeeded: succeeded).filter { $0.line > after }
            var room = bytes
            return rows.sorted { $0.line < $1.line }.prefix(limit).prefix { row in
                defer { room -= row.output.count }
                return room > 0 || room == bytes
            }.map { LineRow(line: $0.line, output: $0.output) }
        }
    }

    public func lineBytes(
        of batch: BatchID, succeeded: Bool
    ) async throws(StoreFailure) -> (bytes: Int64, count: Int64) {
        try self.change { state in
            let rows = state.rows(of: batch, succeeded: succeeded)
            return (rows.reduce(0) { $0 + Int64($1.output.count) + 1 }, Int64(rows.count))
        }
    }
}

extension InMemoryStore.State {
    fileprivate mutating func insert(_ batch: BatchRecord) throws(StoreFailure) {
        guard self.projects[batch.project] != nil else { throw .notFound }
        guard self.batches[batch.id] == nil else { throw .conflict("batch \(batch.id)") }
        var stored = batch
        stored.completedLines = 0
        stored.failedLines = 0
        stored.usage = .zero
        self.batches[batch.id] = stored
    }

    mutating func forgetOutput(of batch: BatchID, succeeded: Bool) {
        for (line, row) in self.lines[batch] ?? [:] where row.succeeded == succeeded {
            self.lines[batch]?[line]?.output = []
        }
    }

    func rows(of batch: BatchID, succeeded: Bool) -> [LineCommit] {
        (self.lines[batch] ?? [:]).values.filter { $0.succeeded == succeeded }
    }
}
