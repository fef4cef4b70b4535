public import Quantities

/// Prices with their history: who asks for a model, a tier and a moment gets the one table that holds, or the reason
/// why there is none.
///
/// Built once, then only read. A look-up is two hash look-ups and a short search by date.
public struct PriceBook: Sendable {
    /// All that the book knows about one name.
    struct Record: Sendable {
        /// By tier, rising by time, never overlapping.
        var tables: [TierName: [PriceTable]] = [:]
        var aliases: [ModelAlias] = []
        var isAmbiguous = false
    }

    /// A label for people, for example the day of the shipped book.
    public let version: String
    /// What the book was built from, for listings.
    public let entries: [PriceEntry]
    public let aliases: [ModelAlias]
    public let schedules: [PriceSchedule]
    let records: [String: Record]
    /// Longest first.
    let prefixes: [(prefix: String, record: Record)]
    /// Other words for tiers, `standard` for `default` for example.
    package let spellings: [TierName: TierName]

    /// Builds and checks a book.
    ///
    /// - Throws: the first `PriceBookError`; a book is never half valid.
    public init(
        version: String, entries: [PriceEntry], aliases: [ModelAlias] = [], schedules: [PriceSchedule] = [],
        tierRules: [TierRule] = TierRule.customary
    ) throws(PriceBookError) {
        self.version = version
        self.entries = entries
        self.aliases = aliases
        self.schedules = schedules
        var spellings: [TierName: TierName] = [:]
        for rule in tierRules {
            for spelling in rule.spellings { spellings[spelling] = rule.tier }
        }
        self.spellings = spellings
        var builder = try PriceBookBuilder(schedules: schedules, tierRules: tierRules)
        let all = try builder.build(entries: entries, aliases: aliases)
        self.records = all.filter { !$0.key.hasSuffix("*") }
        self.prefixes =
            all.filter { $0.key.hasSuffix("*") }.map { (String($0.key.dropLast()), $0.value) }
            .sorted { ($0.0.utf8.count, $1.0) > ($1.0.utf8.count, $0.0) }
    }

    /// The table for `model` in `tier` at `instant`.
    ///
    /// The name may be bare or `provider/model`. Order: a valid alias, the exact name, the name without its date
    /// (`o4-mini-2025-04-16` is priced as `o4-mini`), the longest matching `prefix*`.
    ///
    /// - Throws: `PricingError.unpriced` with the reason.
    public func resolve(_ model: String, tier: TierName, at instant: Instant) throws(PricingError) -> PriceTable {
        var name = model
        var validFrom = Instant(nanoseconds: .min)
        var validTo = Instant(nanoseconds: .max)
        // Alias chains are checked for cycles when the book is built; the bound only keeps this loop honest.
        for _ in 0..<PriceBookBuilder.aliasDepthMax {
            guard let record = self.record(name) else { throw .unpriced(.unknownModel(model)) }
            if let alias = record.aliases.first(where: { $0.validFrom <= instant && instant < $0.validTo }) {
                name = alias.target
                validFrom = max(validFrom, alias.validFrom)
                validTo = min(validTo, alias.validTo)
                continue
            }
            // An alias that starts later ends what is valid now.
            for alias in record.aliases {
                if alias.validFrom > instant { validTo = min(validTo, alias.validFrom) }
                if alias.validTo <= instant { validFrom = max(validFrom, alias.validTo) }
            }
            if record.isAmbiguous { throw .unpriced(.ambiguousModel(model)) }
            return try PriceBook.table(record, model: model, tier: self.spellings[tier] ?? tier, at: instant)
                .clipped(from: validFrom, to: validTo)
        }
        throw .unpriced(.unknownModel(model))
    }

    /// The tiers that have a price for `model` at `instant`, sorted by name; empty when it is unknown then.
    public func tiers(_ model: String, at instant: Instant) -> [TierName] {
        guard let standing = try? self.standing(model, at: instant) else { return [] }
        return standing.tables.filter { $0.value.contains { $0.covers(instant) } }.keys.sorted()
    }

    private func standing(_ model: String, at instant: Instant) throws(PricingError) -> Record {
        var name = model
        for _ in 0..<PriceBookBuilder.aliasDepthMax {
            guard let record = self.record(name) else { break }
            guard let alias = record.aliases.first(where: { $0.validFrom <= instant && instant < $0.validTo })
            else { return record }
            name = alias.target
        }
        throw .unpriced(.unknownModel(model))
    }

    private func record(_ name: String) -> Record? {
        if let exact = self.records[name] { return exact }
        if let undated = ModelName.withoutDate(name), let record = self.records[undated] { return record }
        return self.prefixes.first { name.hasPrefix($0.prefix) }?.record
    }

    private static func table(
        _ record: Record, model: String, tier: TierName, at instant: Instant
    ) throws(PricingError) -> PriceTable {
        if let tables = record.tables[tier] {
            // Periods are few; the newest is asked for most.
            for table in tables.reversed() where table.covers(instant) { return table }
        }
        let pricedThen = record.tables.contains { $0.value.contains { $0.covers(instant) } }
        throw .unpriced(
            pricedThen ? .tierNotOffered(model: model, tier: tier) : .noPriceThen(model: model, at: instant))
    }
}

extension PriceTable {
    func clipped(from: Instant, to: Instant) -> PriceTable {
        if from <= self.validFrom && self.validTo <= to { return self }
        return PriceTable(
            provider: self.provider, model: self.model, tier: self.tier, validFrom: max(self.validFrom, from),
            validTo: min(self.validTo, to), priceVersion: self.priceVersion, hours: self.hours, list: self.list)
    }
}

/// Reading model names.
enum ModelName {
    /// `name` without a trailing `-YYYY-MM-DD`; nil when it has none.
    static func withoutDate(_ name: String) -> String? {
        let bytes = name.utf8
        guard bytes.count > 11 else { return nil }
        let tail = bytes.suffix(11)
        for (index, byte) in tail.enumerated() {
            switch index {
            case 0, 5, 8:
                if byte != UInt8(ascii: "-") { return nil }
            default:
                if byte < UInt8(ascii: "0") || byte > UInt8(ascii: "9") { return nil }
            }
        }
        return String(name.dropLast(11))
    }
}
