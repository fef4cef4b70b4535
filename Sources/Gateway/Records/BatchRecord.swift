public import Quantities

/// One validation error of a batch, as the API shows it. `line` is 1-based.
public struct BatchErrorRecord: Hashable, Sendable {
    public var code: String
    public var message: String
    public var param: String?
    public var line: Int64?

    public init(code: String, message: String, param: String? = nil, line: Int64? = nil) {
        self.code = code
        self.message = message
        self.param = param
        self.line = line
    }
}

/// A batch as stored. Its state changes only through Batching's state machine.
public struct BatchRecord: Hashable, Sendable {
    public let id: BatchID
    public let project: ProjectID
    public let key: KeyID?
    public var endpoint: String
    public var inputFile: FileID
    /// Snapshot of the input's blobs, so that deleting the file does not pull the ground from under the batch.
    public var input: BlobKey?
    public var index: BlobKey?
    public var window: String
    public var tier: TierName
    public var status: String
    public var model: String?
    public var errors: [BatchErrorRecord]
    /// Ordered pairs; nil when none were given.
    public var metadata: [MetadataPair]?
    public var outputExpiresAfter: Int64?
    public var outputFile: FileID?
    public var errorFile: FileID?
    public var createdAt: Instant
    public var expiresAt: Instant
    public var inProgressAt: Instant?
    public var finalizingAt: Instant?
    public var completedAt: Instant?
    public var failedAt: Instant?
    public var expiredAt: Instant?
    public var cancellingAt: Instant?
    public var cancelledAt: Instant?
    public var totalLines: Int32
    /// Kept by the commit log in the transaction of each group; never written by anyone else.
    public var completedLines: Int32
    public var failedLines: Int32
    /// Sum over successful lines; kept like the counts.
    public var usage: TokenUsage
    /// Most that this batch may cost; nil: no limit.
    public var maxCost: Money?

    /// States that a batch never leaves: no line is taken any more.
    public static let terminalStatuses: Set<String> = ["completed", "failed", "expired", "cancelled"]
    public var isTerminal: Bool { Self.terminalStatuses.contains(self.status) }

    /// The blobs of its input.
    public var blobs: [BlobKey] { [self.input, self.index].compactMap { $0 } }

    public init(
        id: BatchID, project: ProjectID, key: KeyID?, endpoint: String, inputFile: FileID, window: String,
        tier: TierName, status: String, metadata: [MetadataPair]?, outputExpiresAfter: Int64?, createdAt: Instant,
        expiresAt: Instant
    ) {
        self.id = id
        self.project = project
        self.key = key
        self.endpoint = endpoint
        self.inputFile = inputFile
        self.window = window
        self.tier = tier
        self.status = status
        self.errors = []
        self.metadata = metadata
        self.outputExpiresAfter = outputExpiresAfter
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.totalLines = 0
        self.completedLines = 0
        self.failedLines = 0
        self.usage = .zero
    }
}

public struct MetadataPair: Hashable, Sendable {
    public var key: String
    public var value: String
    public init(key: String, value: String) {
        self.key = key
        self.value = value
    }
}

/// One committed line, as the output files show it.
public struct LineRow: Hashable, Sendable {
    public var line: Int32
    public var output: [UInt8]
    public init(line: Int32, output: [UInt8]) {
        self.line = line
        self.output = output
    }
}
