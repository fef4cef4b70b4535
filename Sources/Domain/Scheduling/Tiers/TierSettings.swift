public import Quantities

/// Tiers as an operator writes them: rows and rules that name projects, which the store knows by id.
public struct TierSettings: Hashable, Sendable {
    public struct Row: Hashable, Sendable {
        public var tier: Tier
        /// Names or ids of the projects that may use it; nil: all.
        public var projects: [String]?

        public init(_ tier: Tier, projects: [String]? = nil) {
            self.tier = tier
            self.projects = projects
        }
    }

    /// What one project gets.
    public struct ProjectRule: Hashable, Sendable {
        /// Its name or id.
        public var project: String
        public var policy: TierPolicy
        /// Its share of the engines relative to other projects that have work; 1 is the usual one.
        public var weight: Int

        public init(_ project: String, policy: TierPolicy = TierPolicy(), weight: Int = 1) {
            self.project = project
            self.policy = policy
            self.weight = weight
        }
    }

    public var rows: [Row]
    public var rules: [ProjectRule]

    public init(rows: [Row] = TierTable.shippedRows.map { Row($0) }, rules: [ProjectRule] = []) {
        self.rows = rows
        self.rules = rules
    }

    /// The tiers of the price book by which rows are charged that are not charged by their own name.
    public var pricedAs: [TierName: TierName] {
        var names: [TierName: TierName] = [:]
        for row in self.rows { names[row.tier.name] = row.tier.pricedAs }
        return names
    }

    /// The settings with the ids of the projects that there are.
    public struct Bound: Hashable, Sendable {
        public var table: TierTable
        public var weights: [ProjectID: Int] = [:]
        /// Names that no project has, in the order of the settings.
        public var unknown: [String] = []
    }

    /// - Parameter projects: id and name of every project.
    /// - Throws: where words clash or a rule names a tier that does not exist.
    public func bound(to projects: [(id: ProjectID, name: String)]) throws(TierTable.Flaw) -> Bound {
        var unknown: [String] = []
        func find(_ word: String) -> ProjectID? {
            if let id = projects.first(where: { $0.name == word || $0.id.text == word })?.id { return id }
            if !unknown.contains(word) { unknown.append(word) }
            return nil
        }
        let tiers = self.rows.map { row in
            var tier = row.tier
            // Nobody but these, also while none of them exists.
            if let names = row.projects { tier.projects = Set(names.compactMap(find)) }
            return tier
        }
        var policies: [ProjectID: TierPolicy] = [:]
        var weights: [ProjectID: Int] = [:]
        for rule in self.rules {
            guard let id = find(rule.project) else { continue }
            policies[id] = rule.policy
            weights[id] = rule.weight
        }
        return Bound(table: try TierTable(tiers, policies: policies), weights: weights, unknown: unknown)
    }
}
