import Pricing
import Quantities

extension PriceList {
    /// Reads a price book file.
    public static func read(_ text: String, file: String) throws(ConfigurationError) -> PriceList {
        guard let root = try YAMLValue.parse(text, file: file) else {
            throw ConfigurationError("is empty", at: .init(file: file))
        }
        return try PriceListReader.read(root, version: file, extraKeys: []).list
    }
}

/// Reads price books: docs/guides/prices.md describes the format.
struct PriceListReader {
    /// The provider of models that are stated outside `providers`.
    static let ownProvider = "own"

    /// What entries inherit from their provider.
    private struct Defaults {
        var provider: String
        var source = ""
        var checkedOn = ""
    }

    private var list: PriceList
    private var holidays: [String: Set<Int64>] = [:]
    private var tiers: Set<String> = []

    static func read(
        _ root: YAMLValue, version: String, extraKeys: [String]
    ) throws(ConfigurationError) -> (list: PriceList, fields: YAMLFields) {
        let fields = try root.fields(
            ["version", "currency", "tiers", "holidays", "schedules", "providers", "models", "aliases"] + extraKeys)
        let label = try fields["version"]?.name() ?? version
        var reader = PriceListReader(
            list: PriceList(version: label, entries: [], aliases: [], schedules: [], tierRules: []))
        if let currency = fields["currency"], try currency.text() != "USD" {
            throw currency.error("must be USD: all amounts are US dollars")
        }
        try reader.readTiers(fields["tiers"])
        try reader.readHolidays(fields["holidays"])
        try reader.readSchedules(fields["schedules"])
        if let providers = fields["providers"] {
            for (key, value) in try providers.pairs() { try reader.readProvider(key.name(), value) }
        }
        let own = Defaults(provider: Self.ownProvider, source: "configuration")
        if let models = fields["models"] { try reader.readModels(models, own) }
        if let aliases = fields["aliases"] { try reader.readAliases(aliases) }
        return (reader.list, fields)
    }

    private init(list: PriceList) {
        self.list = list
    }

    // MARK: - Tiers

    private mutating func readTiers(_ value: YAMLValue?) throws(ConfigurationError) {
        var rules: [TierRule] = []
        for (key, value) in try value?.pairs() ?? [] {
            var rule = TierRule(TierName(try key.name()))
            if !value.isNull {
                let fields = try value.fields(["missing_cached", "spellings"])
                if let missing = fields["missing_cached"] {
                    rule.missingCached = try missing.choice(TierRule.MissingCached.self)
                }
                for spelling in try fields["spellings"]?.elementsOrOne() ?? [] {
                    rule.spellings.append(TierName(try spelling.name()))
                }
            }
            rules.append(rule)
        }
        self.list.tierRules = rules
        self.tiers = Set(TierRule.customary.map(\.tier.text)).union(rules.map(\.tier.text))
    }

    /// A tier's name: one of the known ones, or a completion window such as `2h`.
    private func tier(_ key: YAMLValue) throws(ConfigurationError) -> TierName {
        let name = try key.name()
        if self.tiers.contains(name) || (try? CompletionWindow(name)) != nil { return TierName(name) }
        throw key.unknown("tier", name, self.tiers.union(["from", "to", "source", "checked_on", "note"]))
    }

    // MARK: - Schedules

    private mutating func readHolidays(_ value: YAMLValue?) throws(ConfigurationError) {
        for (key, value) in try value?.pairs() ?? [] {
            let fields = try value.fields(["days", "source", "note"])
            var days: Set<Int64> = []
            for element in try fields.required("days").elementsOrOne() { days.formUnion(try element.days()) }
            self.holidays[try key.name()] = days
        }
    }

    private mutating func readSchedules(_ value: YAMLValue?) throws(ConfigurationError) {
        for (key, value) in try value?.pairs() ?? [] {
            let fields = try value.fields(["utc_offset", "rules", "source", "note"])
            let offset = try fields.optional("utc_offset") { value throws(ConfigurationError) in
                try PriceScheduleReader.offset(value)
            }
            var rules: [PriceSchedule.Rule] = []
            for element in try fields.required("rules").elements() {
                rules.append(try PriceScheduleReader.rule(element, holidays: self.holidays))
            }
            let schedule = PriceSchedule(name: try key.name(), utcOffsetSeconds: offset ?? 0, rules: rules)
            self.list.schedules.append(.init(value: schedule, place: key.place))
        }
    }

    // MARK: - Models

    private mutating func readProvider(_ name: String, _ value: YAMLValue) throws(ConfigurationError) {
        let fields = try value.fields(["source", "checked_on", "models", "aliases", "note"])
        var defaults = Defaults(provider: name)
        if let source = fields["source"] { defaults.source = try source.text() }
        if let checked = fields["checked_on"] { defaults.checkedOn = try Self.day(checked) }
        if let models = fields["models"] { try self.readModels(models, defaults) }
        if let aliases = fields["aliases"] { try self.readAliases(aliases) }
    }

    private mutating func readModels(_ value: YAMLValue, _ defaults: Defaults) throws(ConfigurationError) {
        for (key, value) in try value.pairs() {
            let names = try key.name().split(separator: ",").map { String($0.filter { $0 != " " }) }
            for period in try value.elementsOrOne() {
                let entry = try self.entry(names, period, defaults)
                self.list.entries.append(.init(value: entry, place: period.place))
            }
        }
    }

    private func entry(
        _ names: [String], _ value: YAMLValue, _ defaults: Defaults
    ) throws(ConfigurationError) -> PriceEntry {
        var entry = PriceEntry(
            provider: defaults.provider, models: names, tiers: [:], source: defaults.source,
            checkedOn: defaults.checkedOn)
        for (key, value) in try value.pairs() {
            switch try key.name() {
            case "from": entry.validFrom = try value.instant()
            case "to": entry.validTo = try value.instant()
            case "source": entry.source = try value.text()
            case "checked_on": entry.checkedOn = try Self.day(value)
            case "note": entry.note = try value.text()
            default: entry.tiers[try self.tier(key)] = try TierPricesReader.read(value)
            }
        }
        guard !entry.tiers.isEmpty else { throw value.error("a model needs the price of at least one tier") }
        return entry
    }

    private static func day(_ value: YAMLValue) throws(ConfigurationError) -> String {
        _ = try value.day()
        return try value.text()
    }

    /// `name: model`, or a list of `{from, to, model}`.
    private mutating func readAliases(_ value: YAMLValue) throws(ConfigurationError) {
        for (key, value) in try value.pairs() {
            let name = try key.name()
            for element in try value.elementsOrOne() {
                var alias: ModelAlias
                if element.isMapping {
                    let fields = try element.fields(["from", "to", "model", "note", "source"])
                    alias = ModelAlias(name: name, target: try fields.required("model").name())
                    if let from = fields["from"] { alias.validFrom = try from.instant() }
                    if let to = fields["to"] { alias.validTo = try to.instant() }
                } else {
                    alias = ModelAlias(name: name, target: try element.name())
                }
                self.list.aliases.append(.init(value: alias, place: element.place))
            }
        }
    }
}
