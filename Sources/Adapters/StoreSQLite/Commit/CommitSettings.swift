/// Limits and hooks of the group commit.
public struct CommitSettings: Sendable {
    /// Entries in one transaction at most.
    public var groupEntriesMax = 512
    /// Bytes of line output in one transaction at most (one larger entry makes a group of its own).
    public var groupBytesMax = 8 * 1_024 * 1_024
    /// Entries that wait at most; one more fails with `unavailable`.
    public var queueEntriesMax = 65_536
    /// Bytes of line output that wait at most; an entry that would exceed it fails with `unavailable`.
    public var queueBytesMax = 256 * 1_024 * 1_024
    /// How long a group waits for company when the one before it had some. An entry that comes alone never waits.
    public var linger = Duration.microseconds(400)
    /// A group with as many entries does not wait.
    public var lingerEntriesMax = 64
    /// Called after each group, on the writer's queue: it must be quick.
    public var observe: (@Sendable (CommitObservation) -> Void)?

    public init() {}
}

/// What one group commit was, for metrics.
public struct CommitObservation: Sendable {
    public var entries: Int
    /// From the start of the transaction until it was durable (or had failed).
    public var latency: Duration
}
