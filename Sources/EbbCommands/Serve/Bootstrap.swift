import Crypto
import Gateway
import Quantities

/// Projects and keys from the command line and at the first start.
struct Bootstrap {
    let store: any ProjectStore
    let clock: any GatewayClock
    let randomness: any Randomness

    static let defaultProject = "default"

    /// On an empty data folder creates project `default` and its key.
    /// - Returns: the new key's secret, to be shown once; nil when the folder was not empty or the key was given.
    func firstStart(bootstrapKey: String?) async throws -> String? {
        if let bootstrapKey { try Self.check(bootstrapKey) }
        var created: String?
        let project: ProjectRecord
        if let existing = try await self.store.project(named: Self.defaultProject) {
            project = existing
        } else {
            guard try await self.store.projects().isEmpty else { return nil }
            project = try await self.createProject(Self.defaultProject, cap: nil)
            if bootstrapKey == nil {
                created = try await self.createKey(project: project.id, name: "first key", secret: nil).secret
            }
        }
        if let bootstrapKey {
            let hash = Self.hash(bootstrapKey)
            let isKnown = try await self.store.keys(of: nil).contains { $0.hash == hash }
            if !isKnown {
                _ = try await self.createKey(project: project.id, name: "EBB_BOOTSTRAP_KEY", secret: bootstrapKey)
            }
        }
        return created
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
