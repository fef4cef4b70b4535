public import Quantities

/// All tiers of a gateway, and which one a request gets.
public struct TierTable: Hashable, Sendable {
    public private(set) var tiers: [Tier]
    public var policies: [ProjectID: TierPolicy]
    private var byWord: [String: Int] = [:]
    /// What most requests mean, as they name no tier and their project has no policy.
    private var standard: Int?

    public enum Flaw: Error, Hashable, Sendable, CustomStringConvertible {
        /// Two tiers claim the same name or alias.
        case wordTaken(String)
        /// A policy names a tier that does not exist.
        case unknownTier(String)

        public var description: String {
            switch self {
            case .wordTaken(let word): "the tier name or alias '\(word)' is taken"
            case .unknownTier(let name): "there is no tier '\(name)'"
            }
        }
    }

    /// Later rows replace earlier ones of the same name.
    public init(_ rows: [Tier], policies: [ProjectID: TierPolicy] = [:]) throws(Flaw) {
        var tiers: [Tier] = []
        for row in rows {
            if let place = tiers.firstIndex(where: { $0.name == row.name }) {
                tiers[place] = row
            } else {
                tiers.append(row)
            }
        }
        self.tiers = tiers
        self.policies = policies
        for (place, tier) in tiers.enumerated() {
            for word in [tier.name.text] + tier.aliases {
                guard word != "auto", self.byWord.updateValue(place, forKey: word) == nil else {
                    throw .wordTaken(word)
                }
            }
        }
        self.standard = self.byWord[TierName.standard.text]
        for (_, policy) in policies.sorted(by: { $0.key < $1.key }) {
            let named = [policy.standard] + (policy.enabled ?? []).sorted() + (policy.fallback.map { [$0.tier] } ?? [])
            for name in named where self.tier(name) == nil { throw .unknownTier(name.text) }
        }
    }

    private init(unchecked rows: [Tier]) {
        self.tiers = rows
        self.policies = [:]
        for (place, tier) in rows.enumerated() {
            for word in [tier.name.text] + tier.aliases { self.byWord[word] = place }
        }
        self.standard = self.byWord[TierName.standard.text]
    }

    /// The rows that Ebb ships. Flex waits as hosted ones do: refused when the wait would be minutes, and after 15
    /// minutes in any case (openai-api.md 4.3). Standard requests are refused when they would wait half a minute.
    public static let shippedRows: [Tier] = [
        Tier(.standard, lane: .standard, patience: .seconds(30), waitMax: .seconds(600)),
        Tier(.priority, aliases: ["fast"], lane: .priority, patience: .seconds(30), waitMax: .seconds(600)),
        Tier(.flex, lane: .flex, patience: .seconds(300), waitMax: .seconds(900)),
        Self.windowRow(.batch, .day),
        // Priced by their own names, or not at all (decision 0015).
        Self.windowRow("2h", .twoHours),
        Self.windowRow("8h", .eightHours),
    ]

    private static func windowRow(_ name: TierName, _ window: CompletionWindow) -> Tier {
        Tier(name, lane: .batch, window: window, patience: window.duration, waitMax: window.duration)
    }

    public static let shipped = TierTable(unchecked: Self.shippedRows)

    public func tier(_ name: TierName) -> Tier? { self.byWord[name.text].map { self.tiers[$0] } }

    public func policy(_ project: ProjectID) -> TierPolicy { self.policies[project] ?? TierPolicy() }

    /// The tier of a request; nil when it is unknown, or not offered for this model or project. There is never another
    /// one in its place (openai-api.md 4.1).
    ///
    /// - Parameter asked: `service_tier` as it came; nil, absent and `auto` mean the project's standard.
    public func resolve(_ asked: String?, model: String, project: ProjectID) -> Tier? {
        let policy = self.policies[project]
        var place = self.standard
        if let asked, asked != "auto" {
            place = self.byWord[asked]
        } else if let policy {
            place = self.byWord[policy.standard.text]
        }
        guard let place else { return nil }
        let tier = self.tiers[place]
        guard tier.isSynchronous, tier.isOffered(model: model, project: project),
            policy?.enabled?.contains(tier.name) != false
        else { return nil }
        return tier
    }

    /// Whether a project may have batches of this tier; one without a row is everybody's.
    ///
    /// - Parameter model: of the batch; nil: not known yet.
    public func offersBatches(_ name: TierName, project: ProjectID, model: String? = nil) -> Bool {
        guard let tier = self.tier(name) else { return true }
        if let model, tier.models?.contains(model) == false { return false }
        return tier.projects?.contains(project) != false && self.policy(project).enabled?.contains(name) != false
    }
}
