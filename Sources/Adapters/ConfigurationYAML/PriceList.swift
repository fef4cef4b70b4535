public import Pricing

/// A price book as files state it: parts with their places, before they are checked together.
///
/// Lists can be laid over each other: a model that the upper list names is taken from it alone.
public struct PriceList: Sendable {
    public struct Located<Value: Sendable>: Sendable {
        public var value: Value
        public var place: ConfigurationError.Place
    }

    public var version: String
    public var entries: [Located<PriceEntry>]
    public var aliases: [Located<ModelAlias>]
    public var schedules: [Located<PriceSchedule>]
    public var tierRules: [TierRule]

    /// Lays `upper` over this list.
    ///
    /// A model name, alias, schedule or tier rule of `upper` replaces the lower one of the same name wholly: all its
    /// periods and tiers, whatever provider they were listed under. Nothing is mixed within a model, so that an own
    /// price never stands beside a shipped price of another tier.
    public func overlaid(with upper: PriceList) -> PriceList {
        var names = Set(upper.entries.flatMap(\.value.models))
        names.formUnion(upper.aliases.map(\.value.name))
        let qualified = Set(
            upper.entries.flatMap { entry in entry.value.models.map { "\(entry.value.provider)/\($0)" } })
        names.formUnion(qualified)
        var result = self
        result.version = "\(self.version)+\(upper.version)"
        result.entries = self.entries.compactMap { entry in
            var entry = entry
            entry.value.models.removeAll { names.contains($0) }
            return entry.value.models.isEmpty ? nil : entry
        }
        result.entries += upper.entries
        result.aliases.removeAll { names.contains($0.value.name) }
        result.aliases += upper.aliases
        let schedules = Set(upper.schedules.map(\.value.name))
        result.schedules.removeAll { schedules.contains($0.value.name) }
        result.schedules += upper.schedules
        let tiers = Set(upper.tierRules.map(\.tier))
        result.tierRules.removeAll { tiers.contains($0.tier) }
        result.tierRules += upper.tierRules
        return result
    }

    /// The checked book; an error names the file and line of the entry that is to blame.
    ///
    /// Tiers without a rule in this list follow `TierRule.customary`.
    public func book() throws(ConfigurationError) -> PriceBook {
        let stated = Set(self.tierRules.map(\.tier))
        let rules = TierRule.customary.filter { !stated.contains($0.tier) } + self.tierRules
        do throws(PriceBookError) {
            return try PriceBook(
                version: self.version, entries: self.entries.map(\.value), aliases: self.aliases.map(\.value),
                schedules: self.schedules.map(\.value), tierRules: rules)
        } catch {
            throw self.located(error)
        }
    }

    private func located(_ error: PriceBookError) -> ConfigurationError {
        func entry(_ index: Int, _ message: String) -> ConfigurationError {
            let models = self.entries[index].value.models.joined(separator: ", ")
            return ConfigurationError(message, path: models, at: self.entries[index].place)
        }
        func alias(_ name: String, _ message: String) -> ConfigurationError {
            let place = self.aliases.last { $0.value.name == name }?.place
            return ConfigurationError(message, path: name, at: place ?? .init(file: self.version))
        }
        switch error {
        case .noModelName(let index):
            return entry(index, "a model needs a name")
        case .emptyPeriod(let index):
            return entry(index, "the period ends before it starts")
        case .samePeriod(let index, let earlier, let model):
            let line = self.entries[earlier].place.line
            return entry(index, "'\(model)' has another price from the same moment on, at line \(line)")
        case .unknownSchedule(let index, let name):
            return entry(index, "there is no schedule '\(name)'")
        case .unknownBaseTier(let index, let tier, let base):
            return entry(index, "tier '\(tier)' is a multiple of '\(base)', which has no price here")
        case .bandsOutOfOrder(let index, let tier):
            return entry(index, "the context bands of tier '\(tier)' must be above zero and all different")
        case .numberTooLarge(let index, let tier):
            return entry(index, "a price of tier '\(tier)' is too large or too finely divided")
        case .aliasCycle(let name):
            return alias(name, "the alias leads back to itself, or its period ends before it starts")
        case .aliasTargetUnknown(let name, let target):
            return alias(name, "the alias names '\(target)', which has no price")
        case .badSchedule(let name), .duplicateName(let name):
            let place = self.schedules.last { $0.value.name == name }?.place
            return ConfigurationError(
                "the schedule is not valid or given twice", path: name, at: place ?? .init(file: self.version))
        }
    }
}
