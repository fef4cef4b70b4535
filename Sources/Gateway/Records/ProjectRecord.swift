public import Quantities

/// A project: owner of keys, data, limits and budgets.
public struct ProjectRecord: Hashable, Sendable {
    public let id: ProjectID
    /// Unique, 1...64 characters.
    public var name: String
    public var createdAt: Instant
    public var archivedAt: Instant?
    /// Lifetime spend limit; nil: none.
    public var spendCap: Money?

    public init(
        id: ProjectID, name: String, createdAt: Instant, archivedAt: Instant? = nil, spendCap: Money? = nil
    ) {
        self.id = id
        self.name = name
        self.createdAt = createdAt
        self.archivedAt = archivedAt
        self.spendCap = spendCap
    }
}

/// SHA-256 of an API key's secret: the only form in which a key is stored.
public struct KeyHash: Hashable, Sendable {
    public let bytes: [UInt8]
    /// - Precondition: 32 bytes.
    public init(_ bytes: [UInt8]) {
        precondition(bytes.count == 32, "a key hash has 32 bytes")
        self.bytes = bytes
    }
}

/// An API key of a project. The secret itself is shown once, at creation.
public struct KeyRecord: Hashable, Sendable {
    public let id: KeyID
    public let project: ProjectID
    public var name: String
    public let hash: KeyHash
    /// What people see of the secret: `sk-ebb-…4f2a`.
    public let hint: String
    public let createdAt: Instant
    public var revokedAt: Instant?

    public init(
        id: KeyID, project: ProjectID, name: String, hash: KeyHash, hint: String, createdAt: Instant,
        revokedAt: Instant? = nil
    ) {
        self.id = id
        self.project = project
        self.name = name
        self.hash = hash
        self.hint = hint
        self.createdAt = createdAt
        self.revokedAt = revokedAt
    }
}
