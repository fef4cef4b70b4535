public import Gateway

extension SQLiteStore: CommitLog {
    public func commit(
        _ entry: CommitEntry, done: @escaping @Sendable (Result<CommitResult, StoreFailure>) -> Void
    ) {
        self.groupCommit.commit(entry, done: done)
    }
}
