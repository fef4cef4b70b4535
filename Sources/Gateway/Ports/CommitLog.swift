public import Ledger
public import Quantities

/// One thing that must be durable before its requester hears of it.
public indirect enum CommitEntry: Sendable {
    /// An interactive request's charge.
    case charge(Charge)
    /// A batch line's fate with its charge, in one transaction.
    case line(LineCommit)
}

/// A batch line's final outcome: exactly one row for each line, ever.
public struct LineCommit: Sendable {
    public var batch: BatchID
    /// 0-based line of the input file.
    public var line: Int32
    /// The boot epoch of the lease under which the line ran; an older epoch is refused.
    public var epoch: Int64
    public var succeeded: Bool
    /// The rendered output or error line (one JSON object, no newline).
    public var output: [UInt8]
    public var attempts: Int32
    /// Priced usage of the line; nil for lines that cost nothing (4xx, never answered).
    public var charge: Charge?

    public init(
        batch: BatchID, line: Int32, epoch: Int64, succeeded: Bool, output: [UInt8], attempts: Int32, charge: Charge?
    ) {
        self.batch = batch
        self.line = line
        self.epoch = epoch
        self.succeeded = succeeded
        self.output = output
        self.attempts = attempts
        self.charge = charge
    }
}

public enum CommitResult: Sendable, Equatable {
    case committed
    /// The line or charge was already there; nothing was written or charged again.
    case duplicate
    /// The lease belongs to an earlier life of the process, or the batch no longer takes results.
    case stale
}

/// Port: the group commit. Many callers share one fsync.
public protocol CommitLog: Sendable {
    /// Queues the entry and returns at once; `done` is called once, from any thread, when the entry is durable or has
    /// failed. It must not block.
    func commit(_ entry: CommitEntry, done: @escaping @Sendable (Result<CommitResult, StoreFailure>) -> Void)

    /// What would be committed now could not be: nothing is to be made that costs something.
    var isFailing: Bool { get }

    /// The process stops: nobody waits any longer for what cannot be committed now.
    func giveUp()
}

extension CommitLog {
    public var isFailing: Bool { false }
    public func giveUp() {}

    /// `commit` for code that can wait.
    public func commit(_ entry: CommitEntry) async throws(StoreFailure) -> CommitResult {
        let result = await withCheckedContinuation { continuation in
            self.commit(entry) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }
}
