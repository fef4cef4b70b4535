public import Gateway
public import Quantities

extension InMemoryStore: IdempotencyStore {
    public func begin(
        _ record: IdempotencyRecord, notBefore: Instant
    ) async throws(StoreFailure) -> IdempotencyRecord? {
        try self.change { state in
            let name = IdempotencyName(project: record.project, route: record.route, key: record.key)
            if let existing = state.idempotency[name], existing.createdAt >= notBefore { return existing }
            state.idempotency[name] = record
            return nil
        }
    }

    public func finish(_ record: IdempotencyRecord) async throws(StoreFailure) {
        try self.change { state throws(StoreFailure) in
            let name = IdempotencyName(project: record.project, route: record.route, key: record.key)
            guard var stored = state.idempotency[name] else { throw .notFound }
            stored.status = record.status
            stored.body = record.body
            state.idempotency[name] = stored
        }
    }

    public func abandon(project: ProjectID, route: String, key: String) async throws(StoreFailure) {
        try self.change { state in
            let name = IdempotencyName(project: project, route: route, key: key)
            if let stored = state.idempotency[name], stored.status == nil { state.idempotency[name] = nil }
        }
    }

    public func deleteIdempotency(before: Instant) async throws(StoreFailure) {
        try self.change { state in
            state.idempotency = state.idempotency.filter { $0.value.createdAt >= before }
        }
    }
}
