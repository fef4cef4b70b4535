public import Gateway
public import Quantities

extension InMemoryStore: IdempotencyStore {
    public func begin(
        _ record: IdempotencyRecord, notBefore: Instant
    ) async throws(StoreFailure) -> IdempotencyRecord? {
        try self.change { state in
            let name = IdempotencyName(record)
            if let existing = state.idempotency[name], existing.createdAt >= notBefore { return existing }
            state.idempotency[name] = record
            return nil
        }
    }

    public func finish(_ record: IdempotencyRecord) async throws(StoreFailure) {
        try self.change { state throws(StoreFailure) in try state.finish(record) }
    }

    public func abandon(_ record: IdempotencyRecord) async throws(StoreFailure) {
        try self.change { state in
            let name = InMemoryStore.IdempotencyName(record)
            if state.holds(name, record) { state.idempotency[name] = nil }
        }
    }

    public func deleteIdempotency(before: Instant) async throws(StoreFailure) {
        try self.change { state in
            state.idempotency = state.idempotency.filter { $0.value.createdAt >= before }
        }
    }
}

extension InMemoryStore.IdempotencyName {
    init(_ record: IdempotencyRecord) {
        self.init(project: record.project, route: record.route, key: record.key)
    }
}

extension InMemoryStore.State {
    mutating func finish(_ record: IdempotencyRecord) throws(StoreFailure) {
        let name = InMemoryStore.IdempotencyName(record)
        guard self.holds(name, record) else { throw .notFound }
        self.idempotency[name]?.status = record.status
        self.idempotency[name]?.body = record.body
    }

    fileprivate func holds(_ name: InMemoryStore.IdempotencyName, _ record: IdempotencyRecord) -> Bool {
        guard let stored = self.idempotency[name] else { return false }
        return stored.status == nil && stored.createdAt == record.createdAt
    }

    /// All of `body`, or nothing of it.
    mutating func whole(_ body: (inout Self) throws(StoreFailure) -> Void) throws(StoreFailure) {
        let before = self
        do throws(StoreFailure) {
            try body(&self)
        } catch {
            self = before
            throw error
        }
    }
}
