import Crypto
import Gateway
import Quantities

/// Projects and keys from the command line and at the first start.
struct Bootstrap {
    let store: any ProjectStore
    let clock: any GatewayClock
    let randomness: any Randomness

    static let defaultProject = "default"

    /// What the start of a gateway has to say about its first key.
    struct FirstStart {
        /// A new key's secret, to be shown once.
        var secret: String?
        /// Why EBB_BOOTSTRAP_KEY opens nothing, or what it opens since now.
        var notice: String?
    }

    /// On an empty data folder creates project `default` and its key; EBB_BOOTSTRAP_KEY is a key of that project.
    func firstStart(bootstrapKey: String?) async throws -> FirstStart {
        if let bootstrapKey { try Self.check(bootstrapKey) }
        if let existing = try await self.store.project(named: Self.defaultProject) {
            guard let bootstrapKey else { return FirstStart() }
            return FirstStart(notice: try await self.add(bootstrapKey, to: existing))
        }
        guard try await self.store.projects().isEmpty else {
            guard let bootstrapKey, try await self.key(bootstrapKey) == nil else { return FirstStart() }
            return FirstStart(
                notice: "EBB_BOOTSTRAP_KEY is not used: there are projects, but none is called "
                    + "'\(Self.defaultProject)', and the key is of none of them; 'ebb keys create' makes keys")
        }
        let project = try await self.createProject(Self.defaultProject, cap: nil)
        if let bootstrapKey {
            _ = try await self.createKey(project: project.id, name: Self.keyName, secret: bootstrapKey)
            return FirstStart()
        }
        return FirstStart(secret: try await self.createKey(project: project.id, name: "first key", secret: nil).secret)
    }

    private static let keyName = "EBB_BOOTSTRAP_KEY"

    private func key(_ secret: String) async throws -> KeyRecord? {
        let hash = Self.hash(secret)
        return try await self.store.keys(of: nil).first { $0.hash == hash }
    }

    /// - Returns: what is worth telling; nil for a key that the project has.
    private func add(_ secret: String, to project: ProjectRecord) async throws -> String? {
        guard let known = try await self.key(secret) else {
            _ = try await self.createKey(project: project.id, name: Self.keyName, secret: secret)
            return "EBB_BOOTSTRAP_KEY is another key than those of project '\(project.name)'; it was added, and they "
                + "stay valid"
        }
        if known.revokedAt != nil { return "EBB_BOOTSTRAP_KEY is a revoked key: it opens nothing" }
        if known.project == project.id { return nil }
        return "EBB_BOOTSTRAP_KEY is a key of another project than '\(project.name)'"
    }

    /// A key that no client could send would leave the project without one.
    static func check(_ bootstrapKey: String) throws {
        let advice = "give it a key, for example one of `ebb keys create`, or unset it"
        if bootstrapKey.isEmpty { throw CommandFailure("EBB_BOOTSTRAP_KEY is empty: \(advice)") }
        guard bootstrapKey.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw CommandFailure(
                "EBB_BOOTSTRAP_KEY has a space or a character other than visible ASCII, which no client can send: "
                    + advice)
        }
    }

    func createProject(_ name: String, cap: Money?) async throws -> ProjectRecord {
        let project = ProjectRecord(
            id: self.randomness.id(ProjectID.self), name: name, createdAt: self.clock.now, spendCap: cap)
        try await self.store.insert(project)
        return project
    }

    func createKey(
        project: ProjectID, name: String, secret: String?
    ) async throws -> (record: KeyRecord, secret: String) {
        let secret = secret ?? KeySecret.make(self.randomness)
        let record = KeyRecord(
            id: self.randomness.id(KeyID.self), project: project, name: name, hash: Self.hash(secret),
            hint: KeySecret.hint(secret), createdAt: self.clock.now)
        try await self.store.insert(record)
        return (record, secret)
    }

    static func hash(_ secret: String) -> KeyHash { KeyHash(Array(SHA256.hash(data: Array(secret.utf8)))) }
}
