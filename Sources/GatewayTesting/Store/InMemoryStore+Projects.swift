public import Gateway
public import Quantities

extension InMemoryStore: ProjectStore {
    public func insert(_ project: ProjectRecord) async throws(StoreFailure) {
        try self.change { state throws(StoreFailure) in
            guard state.projects[project.id] == nil, !state.projects.values.contains(where: { $0.name == project.name })
            else { throw .conflict("project \(project.name)") }
            state.projects[project.id] = project
            state.accessGeneration += 1
        }
    }

    public func project(_ id: ProjectID) async throws(StoreFailure) -> ProjectRecord? {
        try self.change { $0.projects[id] }
    }

    public func project(named name: String) async throws(StoreFailure) -> ProjectRecord? {
        try self.change { state in state.projects.values.first { $0.name == name } }
    }

    public func projects() async throws(StoreFailure) -> [ProjectRecord] {
        try self.change { state in
            state.projects.values.sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
        }
    }

    public func update(_ project: ProjectRecord) async throws(StoreFailure) {
        try self.change { state throws(StoreFailure) in
            guard var stored = state.projects[project.id] else { throw .notFound }
            guard !state.projects.values.contains(where: { $0.name == project.name && $0.id != project.id }) else {
                throw .conflict("project \(project.name)")
            }
            stored.name = project.name
            stored.archivedAt = project.archivedAt
            stored.spendCap = project.spendCap
            state.projects[project.id] = stored
            state.accessGeneration += 1
        }
    }

    public func insert(_ key: KeyRecord) async throws(StoreFailure) {
        try self.change { state throws(StoreFailure) in
            guard state.projects[key.project] != nil else { throw .notFound }
            guard !state.keys.contains(where: { $0.hash == key.hash || $0.id == key.id }) else {
                throw .conflict("key \(key.id)")
            }
            state.keys.append(key)
            state.accessGeneration += 1
        }
    }

    public func keys(of project: ProjectID?) async throws(StoreFailure) -> [KeyRecord] {
        try self.change { state in
            state.keys.filter { project == nil || $0.project == project }
                .sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
        }
    }

    public func revoke(_ key: KeyID, at instant: Instant) async throws(StoreFailure) -> Bool {
        try self.change { state in
            guard let index = state.keys.firstIndex(where: { $0.id == key }) else { return false }
            state.keys[index].revokedAt = state.keys[index].revokedAt ?? instant
            state.accessGeneration += 1
            return true
        }
    }

    public func accessGeneration() async throws(StoreFailure) -> Int64 {
        try self.change { $0.accessGeneration }
    }
}
