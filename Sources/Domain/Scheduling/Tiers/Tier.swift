public import Quantities

/// A processing tier: how long its work may wait, in which lane, at whose price. A row of a table, not a case.
public struct Tier: Hashable, Sendable {
    /// As answers and the ledger say it.
    public let name: TierName
    /// Other words that clients may use for it.
    public var aliases: [String]
    public var lane: Lane
    /// When a batch of this tier is due; nil for tiers that requests ask for by `service_tier`.
    public var window: CompletionWindow?
    /// A request is refused at once when its predicted wait is longer.
    public var patience: Duration
    /// A request that still waits then is refused.
    public var waitMax: Duration
    /// The tier of the price book whose prices apply; nil: its own.
    public var pricedAs: TierName?
    /// Models that offer it; nil: all.
    public var models: Set<String>?
    /// Projects that may use it; nil: all.
    public var projects: Set<ProjectID>?

    public init(
        _ name: TierName, aliases: [String] = [], lane: Lane, window: CompletionWindow? = nil, patience: Duration,
        waitMax: Duration, pricedAs: TierName? = nil
    ) {
        self.name = name
        self.aliases = aliases
        self.lane = lane
        self.window = window
        self.patience = patience
        self.waitMax = waitMax
        self.pricedAs = pricedAs
    }

    /// True for what `service_tier` may ask for; batches and windows are asked for by their batch.
    public var isSynchronous: Bool { self.window == nil }

    func isOffered(model: String, project: ProjectID) -> Bool {
        self.models?.contains(model) != false && self.projects?.contains(project) != false
    }
}

/// What a project may ask for, and what it gets when it asks for nothing.
public struct TierPolicy: Hashable, Sendable {
    /// What an omitted or `auto` tier means.
    public var standard: TierName
    /// Tiers that the project may use; nil: all.
    public var enabled: Set<TierName>?
    public var fallback: TierFallback?

    public init(standard: TierName = .standard, enabled: Set<TierName>? = nil, fallback: TierFallback? = nil) {
        self.standard = standard
        self.enabled = enabled
        self.fallback = fallback
    }
}

/// Where a flex request goes when flex has no room: never without the caller's own wish.
public struct TierFallback: Hashable, Sendable {
    public var tier: TierName
    /// After this wait, or when it would be refused, whichever comes first; nil: at refusal only.
    public var after: Duration?

    public init(tier: TierName = .standard, after: Duration? = nil) {
        self.tier = tier
        self.after = after
    }
}
