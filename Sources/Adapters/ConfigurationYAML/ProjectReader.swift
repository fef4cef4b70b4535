import Quantities
import Scheduling

/// Reads the `projects` section: what each project may ask for, and what it gets.
struct ProjectReader {
    let rows: [TierSettings.Row]

    private var tiers: [Tier] { self.rows.map(\.tier) }

    func rules(_ value: YAMLValue) throws(ConfigurationError) -> [TierSettings.ProjectRule] {
        var rules: [TierSettings.ProjectRule] = []
        for (key, value) in try value.pairs() {
            let fields = try value.fields(["default_tier", "tiers", "fallback", "weight"])
            var rule = TierSettings.ProjectRule(try key.name())
            if let tiers = fields["tiers"] {
                var enabled: Set<TierName> = []
                for element in try tiers.elementsOrOne() { enabled.insert(try self.tier(element).name) }
                rule.policy.enabled = enabled
            }
            if let value = fields["default_tier"] {
                rule.policy.standard = try self.tierOfRequests(value, rule.policy)
                try self.checkMayUse(rule, value)
            } else if let tiers = fields["tiers"], rule.policy.enabled?.contains(rule.policy.standard) == false {
                throw tiers.error("without '\(TierName.standard)' the project needs a default_tier")
            }
            if let value = fields["fallback"] { rule.policy.fallback = try self.fallback(value, rule.policy) }
            if let value = fields["weight"] { rule.weight = try value.integer(1...1_000) }
            rules.append(rule)
        }
        return rules
    }

    /// A tier's name, or `{tier, after}`.
    private func fallback(_ value: YAMLValue, _ policy: TierPolicy) throws(ConfigurationError) -> TierFallback {
        guard value.isMapping else { return TierFallback(tier: try self.tierOfRequests(value, policy)) }
        let fields = try value.fields(["tier", "after"])
        let after = try fields.optional("after") { value throws(ConfigurationError) in
            try value.duration(.zero ... .seconds(86_400))
        }
        return TierFallback(tier: try self.tierOfRequests(try fields.required("tier"), policy), after: after)
    }

    private func tier(_ value: YAMLValue) throws(ConfigurationError) -> Tier {
        let name = try TierReader.name(value)
        guard let tier = self.tiers.first(where: { $0.name == name || $0.aliases.contains(name.text) }) else {
            throw value.unknown("tier", name.text, self.tiers.map(\.name.text))
        }
        return tier
    }

    /// A row may be for some projects only; a project that is written by its id there is not known by its name yet.
    private func checkMayUse(_ rule: TierSettings.ProjectRule, _ value: YAMLValue) throws(ConfigurationError) {
        let tier = rule.policy.standard
        guard let names = self.rows.first(where: { $0.tier.name == tier })?.projects else { return }
        let isID = { (word: String) in word.hasPrefix(ProjectID.prefix) }
        guard !names.contains(rule.project), names.allSatisfy({ isID($0) == isID(rule.project) }) else { return }
        throw value.error("the tier '\(tier)' is for \(names.joined(separator: ", ")) only")
    }

    private func tierOfRequests(_ value: YAMLValue, _ policy: TierPolicy) throws(ConfigurationError) -> TierName {
        let tier = try self.tier(value)
        guard tier.isSynchronous else { throw value.error("'\(tier.name)' is a tier of batches, not of requests") }
        if let enabled = policy.enabled, !enabled.contains(tier.name) {
            throw value.error("'\(tier.name)' is not among the project's tiers")
        }
        return tier.name
    }
}
