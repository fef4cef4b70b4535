public import Gateway
public import Quantities

extension InMemoryStore: FileStore {
    public func insert(_ file: FileRecord, answer: IdempotencyRecord?) async throws(StoreFailure) {
        try self.change { state throws(StoreFailure) in
            try state.whole { state throws(StoreFailure) in
                try state.insert(file)
                if let answer { try state.finish(answer) }
            }
        }
    }

    public func file(_ id: FileID, project: ProjectID) async throws(StoreFailure) -> FileRecord? {
        try self.change { state in state.files[id].flatMap { $0.project == project ? $0 : nil } }
    }

    public func files(
        project: ProjectID, purpose: String?, page: PageRequest
    ) async throws(StoreFailure) -> Page<FileRecord> {
        try self.change { state in
            let all = state.files.values.filter { $0.project == project && (purpose == nil || $0.purpose == purpose) }
            return page.cut(all.map { ($0.createdAt, $0.id.text, $0) })
        }
    }

    public func delete(_ id: FileID, project: ProjectID) async throws(StoreFailure) -> [BlobKey]? {
        try self.change { state in
            guard let file = state.files[id], file.project == project else { return nil }
            state.files[id] = nil
            switch file.content {
            case .blob(let blob, let index): return state.unreferenced([blob, index])
            case .batchErrors(let batch):
                state.forgetOutput(of: batch, succeeded: false)
                return state.unreferenced(state.batches[batch]?.blobs ?? [])
            case .batchOutput(let batch):
                state.forgetOutput(of: batch, succeeded: true)
                return []
            }
        }
    }

    public func expiredFiles(now: Instant, limit: Int) async throws(StoreFailure) -> [FileRecord] {
        try self.change { state in
            let expired = state.files.values.compactMap { file in file.expiresAt.map { ($0, file) } }
                .filter { $0.0 <= now }
                .sorted { ($0.0, $0.1.id) < ($1.0, $1.1.id) }
            return expired.prefix(limit).map(\.1)
        }
    }

    public func referencedBlobs() async throws(StoreFailure) -> Set<BlobKey> {
        try self.change { state in
            state.referencedByFilesAndBatches.union(state.parts.map(\.blob))
        }
    }

    public func insert(_ upload: UploadRecord, answer: IdempotencyRecord?) async throws(StoreFailure) {
        try self.change { state throws(StoreFailure) in
            try state.whole { state throws(StoreFailure) in
                guard state.projects[upload.project] != nil else { throw .notFound }
                guard state.uploads[upload.id] == nil else { throw .conflict("upload \(upload.id)") }
                state.uploads[upload.id] = upload
                if let answer { try state.finish(answer) }
            }
        }
    }

    public func upload(_ id: UploadID, project: ProjectID) async throws(StoreFailure) -> UploadRecord? {
        try self.change { state in state.uploads[id].flatMap { $0.project == project ? $0 : nil } }
    }

    public func insert(_ part: UploadPartRecord) async throws(StoreFailure) {
        try self.change { state throws(StoreFailure) in
            guard state.uploads[part.upload]?.status == "pending" else { throw .notFound }
            guard !state.parts.contains(where: { $0.id == part.id }) else { throw .conflict("part \(part.id)") }
            state.parts.append(part)
        }
    }

    public func parts(of upload: UploadID) async throws(StoreFailure) -> [UploadPartRecord] {
        try self.change { state in state.parts.filter { $0.upload == upload } }
    }

    public func complete(_ upload: UploadRecord, file: FileRecord) async throws(StoreFailure) -> [BlobKey] {
        try self.change { state throws(StoreFailure) in
            guard var stored = state.uploads[upload.id], stored.project == upload.project, stored.status == "pending"
            else { throw .notFound }
            try state.insert(file)
            stored.status = "completed"
            stored.file = file.id
            state.uploads[upload.id] = stored
            return state.dropParts(of: upload.id)
        }
    }

    public func close(_ upload: UploadID, status: String) async throws(StoreFailure) -> [BlobKey] {
        try self.change { state throws(StoreFailure) in
            guard state.uploads[upload]?.status == "pending" else { throw .notFound }
            state.uploads[upload]?.status = status
            return state.dropParts(of: upload)
        }
    }

    public func expiredUploads(now: Instant, limit: Int) async throws(StoreFailure) -> [UploadRecord] {
        try self.change { state in
            let expired = state.uploads.values.filter { $0.status == "pending" && $0.expiresAt <= now }
            return Array(expired.sorted { ($0.expiresAt, $0.id) < ($1.expiresAt, $1.id) }.prefix(limit))
        }
    }
}

extension InMemoryStore.State {
    mutating func insert(_ file: FileRecord) throws(StoreFailure) {
        guard self.projects[file.project] != nil else { throw .notFound }
        guard self.files[file.id] == nil else { throw .conflict("file \(file.id)") }
        self.files[file.id] = file
    }

    /// - Returns: the blobs of the parts.
    fileprivate mutating func dropParts(of upload: UploadID) -> [BlobKey] {
        let blobs = self.parts.filter { $0.upload == upload }.map(\.blob)
        self.parts.removeAll { $0.upload == upload }
        return blobs
    }

    /// Those of `blobs` that no record needs any more.
    func unreferenced(_ blobs: [BlobKey?]) -> [BlobKey] {
        let referenced = self.referencedByFilesAndBatches
        return blobs.compactMap { $0 }.filter { !referenced.contains($0) }
    }

    var referencedByFilesAndBatches: Set<BlobKey> {
        var keys: Set<BlobKey> = []
        for file in self.files.values {
            guard case .blob(let blob, let index) = file.content else { continue }
            keys.insert(blob)
            if let index { keys.insert(index) }
        }
        let shown = Set(self.files.values.map(\.content))
        for batch in self.batches.values where !batch.isTerminal || shown.contains(.batchErrors(batch.id)) {
            keys.formUnion([batch.input, batch.index].compactMap { $0 })
        }
        return keys
    }
}

extension PageRequest {
    /// The page out of all elements, given with what orders them: creation, then id.
    func cut<Element: Sendable>(_ all: [(createdAt: Instant, id: String, element: Element)]) -> Page<Element> {
        var ordered = all.sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
        if !self.ascending { ordered.reverse() }
        if let after = self.after {
            guard let index = ordered.firstIndex(where: { $0.id == after }) else {
                return Page(items: [], hasMore: false)
            }
            ordered.removeFirst(index + 1)
        }
        return Page(items: ordered.prefix(self.limit).map(\.element), hasMore: ordered.count > self.limit)
    }
}
