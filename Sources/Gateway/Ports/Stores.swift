public import Ledger
public import Quantities

/// Port: projects and keys.
public protocol ProjectStore: Sendable {
    /// - Throws: `conflict` when the name is taken.
    func insert(_ project: ProjectRecord) async throws(StoreFailure)
    func project(_ id: ProjectID) async throws(StoreFailure) -> ProjectRecord?
    func project(named: String) async throws(StoreFailure) -> ProjectRecord?
    func projects() async throws(StoreFailure) -> [ProjectRecord]
    func update(_ project: ProjectRecord) async throws(StoreFailure)

    /// - Throws: `conflict` when the hash exists.
    func insert(_ key: KeyRecord) async throws(StoreFailure)
    /// All keys, revoked ones too, oldest first; of one project when given.
    func keys(of project: ProjectID?) async throws(StoreFailure) -> [KeyRecord]
    /// - Returns: false when there is no such key.
    func revoke(_ key: KeyID, at: Instant) async throws(StoreFailure) -> Bool
    /// Grows with every change of projects or keys, by whichever process: one small read tells whether to reload.
    func accessGeneration() async throws(StoreFailure) -> Int64
}

/// A page request in a list endpoint.
public struct PageRequest: Hashable, Sendable {
    public var after: String?
    public var limit: Int
    public var ascending: Bool

    public init(after: String? = nil, limit: Int, ascending: Bool = false) {
        self.after = after
        self.limit = limit
        self.ascending = ascending
    }
}

public struct Page<Element: Sendable>: Sendable {
    public var items: [Element]
    public var hasMore: Bool
    public init(items: [Element], hasMore: Bool) {
        self.items = items
        self.hasMore = hasMore
    }
}

/// Port: files and uploads. Everything is scoped by project: another project's id is simply not there.
public protocol FileStore: Sendable {
    /// Stores the file and, in the same transaction, the finished record of its request's idempotency key.
    /// - Throws: `conflict` when the id exists, `notFound` when the project does not or the key is not held any more.
    func insert(_ file: FileRecord, answer: IdempotencyRecord?) async throws(StoreFailure)
    func file(_ id: FileID, project: ProjectID) async throws(StoreFailure) -> FileRecord?
    /// Ordered by creation, then id. An unknown `after` gives an empty page.
    func files(
        project: ProjectID, purpose: String?, page: PageRequest
    ) async throws(StoreFailure) -> Page<FileRecord>
    /// Removes the record and, in the same transaction, the bytes of the batch's rows that it showed: that the lines
    /// are done stays, and so do their charges. Blobs of the file, or of the batch whose errors it showed, that no file
    /// and no unfinished batch refers to any more are returned for deletion. - Returns: nil when there is no such file.
    func delete(_ id: FileID, project: ProjectID) async throws(StoreFailure) -> [BlobKey]?
    /// Files past their expiry, oldest first, over all projects.
    func expiredFiles(now: Instant, limit: Int) async throws(StoreFailure) -> [FileRecord]
    /// Blobs that some record refers to (files, uploads, unfinished batches), for the sweep of orphans.
    func referencedBlobs() async throws(StoreFailure) -> Set<BlobKey>

    /// Stores the upload and, in the same transaction, the finished record of its request's idempotency key.
    /// - Throws: like the insertion of a file.
    func insert(_ upload: UploadRecord, answer: IdempotencyRecord?) async throws(StoreFailure)
    func upload(_ id: UploadID, project: ProjectID) async throws(StoreFailure) -> UploadRecord?
    /// - Throws: `notFound` unless the upload is pending.
    func insert(_ part: UploadPartRecord) async throws(StoreFailure)
    /// In the order in which they were added; none once the upload is completed or closed.
    func parts(of upload: UploadID) async throws(StoreFailure) -> [UploadPartRecord]
    /// Completes the upload, stores its file and forgets its parts in one transaction. - Returns: the parts' blobs, to
    /// delete; those of parts that came last, too. - Throws: `notFound` unless it is pending.
    func complete(_ upload: UploadRecord, file: FileRecord) async throws(StoreFailure) -> [BlobKey]
    /// Sets a final status other than completed and drops its parts. - Returns: blobs to delete.
    /// - Throws: `notFound` unless it is pending.
    func close(_ upload: UploadID, status: String) async throws(StoreFailure) -> [BlobKey]
    func expiredUploads(now: Instant, limit: Int) async throws(StoreFailure) -> [UploadRecord]
}

/// Port: batches and their lines.
public protocol BatchStore: Sendable {
    /// Stores the batch and, in the same transaction, the finished record of its request's idempotency key. Counts and
    /// usage start at zero, and its blobs are those that its input file has now (`BatchRecord.reading`), whatever the
    /// record says: from this transaction on a deletion of the file leaves them.
    /// - Returns: the batch as it was stored.
    /// - Throws: like the insertion of a file.
    @discardableResult
    func insert(_ batch: BatchRecord, answer: IdempotencyRecord?) async throws(StoreFailure) -> BatchRecord
    func batch(_ id: BatchID, project: ProjectID) async throws(StoreFailure) -> BatchRecord?
    /// Newest first.
    func batches(project: ProjectID, page: PageRequest) async throws(StoreFailure) -> Page<BatchRecord>
    /// Every batch that is not in a terminal state, over all projects, oldest first: what a start has to take up.
    func unfinishedBatches() async throws(StoreFailure) -> [BatchRecord]
    /// Writes state, timestamps, errors, model, blobs, total lines, cost limit and file ids (not counts and usage,
    /// which the commit log keeps; not what the batch was created with), and in the same transaction the records of
    /// its output files.
    /// - Returns: the batch, and those of its blobs to delete that nothing refers to any more, now that it has ended.
    /// - Throws: `notFound` when the stored status is not one of `expecting`.
    func update(
        _ batch: BatchRecord, expecting: [String], files: [FileRecord]
    ) async throws(StoreFailure) -> (batch: BatchRecord, unreferenced: [BlobKey])
    /// 0-based lines that have a row.
    func finishedLines(of batch: BatchID) async throws(StoreFailure) -> [Int32]
    /// Rows with `line > after` in input order, successes or failures: up to the row with which they have `bytes`
    /// bytes of output, and at most `limit`.
    func lines(
        of batch: BatchID, succeeded: Bool, after: Int32, limit: Int, bytes: Int
    ) async throws(StoreFailure) -> [LineRow]
    /// Bytes of all rows of one kind, one newline each included, and their number.
    func lineBytes(of batch: BatchID, succeeded: Bool) async throws(StoreFailure) -> (bytes: Int64, count: Int64)
}

/// Output lengths seen so far, for quotes.
public struct OutputStatistics: Hashable, Sendable {
    public var requests: Int64
    public var outputTokens: Int64
    public init(requests: Int64, outputTokens: Int64) {
        self.requests = requests
        self.outputTokens = outputTokens
    }

    /// Tokens of an answer, a started one counts; nil without a request.
    public var mean: Int64? {
        guard self.requests > 0 else { return nil }
        return self.outputTokens / self.requests + (self.outputTokens % self.requests == 0 ? 0 : 1)
    }
}

/// Which charges to read. Time is that of the answer's end: `since` included, `until` not.
public struct ChargeFilter: Hashable, Sendable {
    public var project: ProjectID?
    public var batch: BatchID?
    public var request: RequestID?
    public var since: Instant?
    public var until: Instant?
    public init(
        project: ProjectID? = nil, batch: BatchID? = nil, request: RequestID? = nil, since: Instant? = nil,
        until: Instant? = nil
    ) {
        self.project = project
        self.batch = batch
        self.request = request
        self.since = since
        self.until = until
    }
}

/// Port: the ledger's rows, for reading. They are written by the commit log only.
public protocol LedgerStore: Sendable {
    /// In the order they were written; `after` is the last row's number of the page before.
    func charges(
        _ filter: ChargeFilter, after: Int64, limit: Int
    ) async throws(StoreFailure) -> [(row: Int64, charge: Charge)]
    /// Sums by served model and tier.
    func totals(_ filter: ChargeFilter) async throws(StoreFailure) -> [ChargeGroup]
    func spent(project: ProjectID) async throws(StoreFailure) -> Money
    /// Of all projects at one moment; those that were never charged may be missing.
    func spent() async throws(StoreFailure) -> [ProjectID: Money]
    /// Over fully answered requests, by the model that the client asked for.
    func outputStatistics(model: String) async throws(StoreFailure) -> OutputStatistics?
}

public struct ChargeGroup: Hashable, Sendable {
    public var servedModel: String
    public var servedTier: TierName
    public var totals: ChargeTotals
    public init(servedModel: String, servedTier: TierName, totals: ChargeTotals) {
        self.servedModel = servedModel
        self.servedTier = servedTier
        self.totals = totals
    }
}

/// A remembered answer to a request that carried an Idempotency-Key.
public struct IdempotencyRecord: Hashable, Sendable {
    public var project: ProjectID
    public var route: String
    public var key: String
    /// Hash of the request, to catch a key that is used for something else.
    public var fingerprint: [UInt8]
    public var createdAt: Instant
    /// nil while the first request is still running.
    public var status: Int?
    public var body: [UInt8]?

    public init(
        project: ProjectID, route: String, key: String, fingerprint: [UInt8], createdAt: Instant, status: Int? = nil,
        body: [UInt8]? = nil
    ) {
        self.project = project
        self.route = route
        self.key = key
        self.fingerprint = fingerprint
        self.createdAt = createdAt
        self.status = status
        self.body = body
    }
}

extension FileStore {
    /// Stores a file of a request without an idempotency key.
    public func insert(_ file: FileRecord) async throws(StoreFailure) { try await self.insert(file, answer: nil) }

    /// Stores an upload of a request without an idempotency key.
    public func insert(_ upload: UploadRecord) async throws(StoreFailure) {
        try await self.insert(upload, answer: nil)
    }
}

extension BatchStore {
    /// Stores a batch of a request without an idempotency key.
    @discardableResult
    public func insert(_ batch: BatchRecord) async throws(StoreFailure) -> BatchRecord {
        try await self.insert(batch, answer: nil)
    }
}

/// Port: idempotency keys. A key is held by the request whose record was stored first, as long as that has no status
/// and no other request took the key over: key and creation time together say whose it is.
public protocol IdempotencyStore: Sendable {
    /// Takes the key unless a record of it exists (younger than `notBefore`); returns the one that was there.
    func begin(
        _ record: IdempotencyRecord, notBefore: Instant
    ) async throws(StoreFailure) -> IdempotencyRecord?
    /// Stores status and body of a request that made nothing. - Throws: `notFound` when it does not hold the key.
    func finish(_ record: IdempotencyRecord) async throws(StoreFailure)
    /// Gives the key of a request that made nothing free; without effect when it does not hold the key.
    func abandon(_ record: IdempotencyRecord) async throws(StoreFailure)
    func deleteIdempotency(before: Instant) async throws(StoreFailure)
}

/// Everything that one database gives.
public typealias Store = ProjectStore & FileStore & BatchStore & LedgerStore & IdempotencyStore & CommitLog
    & ServingStore

/// Port: the life of a serving process.
public protocol ServingStore: Sendable {
    /// Takes the data folder for serving and returns the new boot epoch: every lease of an earlier epoch is free, and
    /// idempotency keys whose request died with an earlier process are forgotten.
    /// - Throws: `locked` when another live process serves it.
    func beginServing() async throws(StoreFailure) -> Int64
    /// Waits for queued commits and closes. Idempotent.
    func close() async
}
