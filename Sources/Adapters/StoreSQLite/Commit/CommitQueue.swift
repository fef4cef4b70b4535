import Gateway

/// Entries that wait to be committed, already cut into groups. Holds no lock, no thread and no timer.
///
/// A transaction costs about the same for one entry as for twenty, so where entries come together the next group is
/// given time to gather; a lone entry is written at once.
///
/// Invariant: `entries` and `bytes` count what is in `groups`; no group but the newest has room left.
struct CommitQueue {
    struct Waiting: Sendable {
        let entry: CommitEntry
        let done: @Sendable (Result<CommitResult, StoreFailure>) -> Void
    }

    enum Arrival {
        /// The writer sleeps: wake it after this time.
        case wake(Duration)
        /// The writer will come by itself.
        case queued
        case refused(StoreFailure)
    }

    private let settings: CommitSettings
    private var groups: [[Waiting]] = []
    private var newestBytes = 0
    private var entries = 0
    private var bytes = 0
    /// Entries of the last group that was taken.
    private var taken = 0
    /// True from the first arrival until the writer finds nothing left.
    private var isAwake = false
    private var isClosed = false

    var isEmpty: Bool { self.groups.isEmpty }

    init(settings: CommitSettings) { self.settings = settings }

    mutating func arrived(_ waiting: Waiting) -> Arrival {
        let size = waiting.entry.outputBytes
        if self.isClosed { return .refused(.unavailable("the store is closed")) }
        if self.entries >= self.settings.queueEntriesMax {
            return .refused(.unavailable("\(self.entries) entries wait to be committed already: the disk is too slow"))
        }
        if self.entries > 0, self.bytes + size > self.settings.queueBytesMax {
            return .refused(.unavailable("\(self.bytes) bytes wait to be committed already: the disk is too slow"))
        }
        self.append(waiting, size: size)
        self.entries += 1
        self.bytes += size
        defer { self.isAwake = true }
        return self.isAwake ? .queued : .wake(self.pause)
    }

    private var pause: Duration {
        let isCompany = self.taken > 1 || self.entries > 1
        return isCompany && !self.isClosed && self.entries < self.settings.lingerEntriesMax
            ? self.settings.linger : .zero
    }

    private mutating func append(_ waiting: Waiting, size: Int) {
        if let newest = self.groups.indices.last, self.groups[newest].count < self.settings.groupEntriesMax,
            self.newestBytes + size <= self.settings.groupBytesMax
        {
            self.groups[newest].append(waiting)
            self.newestBytes += size
        } else {
            self.groups.append([waiting])
            self.newestBytes = size
        }
    }

    /// The oldest group.
    mutating func take() -> [Waiting] {
        guard !self.groups.isEmpty else { return [] }
        let group = self.groups.removeFirst()
        self.taken = group.count
        self.entries -= group.count
        for waiting in group { self.bytes -= waiting.entry.outputBytes }
        return group
    }

    /// - Returns: when the writer is to come again; nil when nothing waits, and the next arrival wakes it.
    mutating func finished() -> Duration? {
        self.isAwake = !self.groups.isEmpty
        return self.isAwake ? self.pause : nil
    }

    /// Refuses what comes from now on. - Returns: true when nothing waits or runs.
    mutating func close() -> Bool {
        self.isClosed = true
        return !self.isAwake
    }
}

extension CommitEntry {
    fileprivate var outputBytes: Int {
        switch self {
        case .charge: 0
        case .line(let line): line.output.count
        }
    }
}
