import Pricing
import Quantities
import Scheduling

/// Reads the `tiers` section: rows over the shipped ones.
struct TierReader {
    enum LaneName: String, CaseIterable {
        case priority, standard, flex, batch

        var lane: Lane {
            switch self {
            case .priority: .priority
            case .standard: .standard
            case .flex: .flex
            case .batch: .batch
            }
        }
    }

    private static let keys = [
        "aliases", "lane", "patience", "wait_max", "window", "price_as", "models", "projects",
    ]
    /// What only requests have, not batches.
    private static let keysOfRequests = ["aliases", "patience", "wait_max"]
    private static let waitMost = Duration.zero ... .seconds(86_400)

    private(set) var rows = TierTable.shippedRows.map { TierSettings.Row($0) }
    /// Rows of the file that have a window of their own, where it stands.
    private(set) var windows: [(tier: TierName, window: CompletionWindow, value: YAMLValue)] = []
    private var words: [(word: String, tier: TierName, value: YAMLValue)] = []
    private var prices: [(name: TierName, value: YAMLValue)] = []

    /// - Parameter priced: tiers of the price book; nil: not known yet.
    init(_ value: YAMLValue, priced: Set<TierName>?) throws(ConfigurationError) {
        for (key, value) in try value.pairs() { try self.read(key, value) }
        try self.checkWords()
        guard let priced else { return }
        let known = priced.union(self.rows.map(\.tier.name))
        for (name, value) in self.prices where !known.contains(name) {
            if (try? CompletionWindow(name.text)) != nil { continue }
            throw value.unknown("tier", name.text, known.map(\.text))
        }
    }

    /// The tier that a word of the file means: what people call standard is `default`.
    static func name(_ value: YAMLValue) throws(ConfigurationError) -> TierName {
        let text = try EngineReader.identifier(value)
        guard text != "auto" else { throw value.error("'auto' is what a project's default_tier means") }
        return text == "standard" ? .standard : TierName(text)
    }

    private mutating func read(_ key: YAMLValue, _ value: YAMLValue) throws(ConfigurationError) {
        let name = try Self.name(key)
        let fields = try value.fields(Self.keys)
        let place = self.rows.firstIndex { $0.tier.name == name }
        var row: TierSettings.Row
        if let place {
            row = self.rows[place]
        } else {
            row = .init(try Self.fresh(name, fields))
        }
        if place != nil, let lane = fields["lane"] {
            let asked = try lane.choice(LaneName.self).lane
            guard asked == row.tier.lane else {
                throw lane.error("'\(name)' stays in its lane; add a tier of another name")
            }
        }
        try self.readWindow(fields, &row.tier)
        for element in try fields["aliases"]?.elementsOrOne() ?? [] {
            let alias = try EngineReader.identifier(element)
            self.words.append((alias, name, element))
        }
        if let aliases = fields["aliases"] { row.tier.aliases = try Self.names(aliases) }
        if let value = fields["patience"] { row.tier.patience = try value.duration(Self.waitMost) }
        if let value = fields["wait_max"] { row.tier.waitMax = try value.duration(Self.waitMost) }
        if let value = fields["price_as"] {
            let priced = try Self.name(value)
            row.tier.pricedAs = priced
            self.prices.append((priced, value))
        }
        if let value = fields["models"] { row.tier.models = Set(try Self.names(value)) }
        if let value = fields["projects"] { row.projects = try Self.names(value) }
        self.words.append((name.text, name, key))
        if let place { self.rows[place] = row } else { self.rows.append(row) }
    }

    /// A row that Ebb does not ship waits as the shipped one of its lane.
    private static func fresh(_ name: TierName, _ fields: YAMLFields) throws(ConfigurationError) -> Tier {
        var lane = Lane.batch
        if fields["lane"] != nil || fields["window"] == nil {
            lane = try fields.required("lane").choice(LaneName.self).lane
        }
        guard lane == .batch || fields["window"] == nil else {
            throw fields.owner.error("only a tier of lane 'batch' has a window")
        }
        guard lane != .batch || fields["window"] != nil else {
            throw fields.owner.error("a tier of lane 'batch' needs a window, such as 8h")
        }
        let like = TierTable.shippedRows.first { $0.lane == lane }
        return Tier(name, lane: lane, patience: like?.patience ?? .zero, waitMax: like?.waitMax ?? .zero)
    }

    private mutating func readWindow(_ fields: YAMLFields, _ tier: inout Tier) throws(ConfigurationError) {
        if let value = fields["window"] {
            guard tier.lane == .batch else { throw value.error("only a tier of lane 'batch' has a window") }
            let window = try value.completionWindow()
            tier.window = window
            tier.patience = window.duration
            tier.waitMax = window.duration
            self.windows.append((tier.name, window, value))
        }
        guard tier.window != nil else { return }
        for key in Self.keysOfRequests {
            if let value = fields[key] { throw value.error("a tier of batches has no '\(key)'") }
        }
    }

    private func checkWords() throws(ConfigurationError) {
        for (index, (word, tier, value)) in self.words.enumerated() {
            let other = self.rows.first { row in
                row.tier.name != tier && (row.tier.name.text == word || row.tier.aliases.contains(word))
            }
            if let other { throw value.error("the word '\(word)' is taken by the tier '\(other.tier.name)'") }
            let isTwice = self.words[..<index].contains { $0.word == word && $0.tier == tier }
            if isTwice { throw value.error("the word '\(word)' is given twice") }
            if word == "auto" { throw value.error("'auto' is what a project's default_tier means") }
        }
    }

    private static func names(_ value: YAMLValue) throws(ConfigurationError) -> [String] {
        var names: [String] = []
        for element in try value.elementsOrOne() { names.append(try element.name()) }
        return names
    }
}
