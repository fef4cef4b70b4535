import Quantities

/// Turns entries into tables: orders periods, resolves multiples, applies the rules for missing rates.
struct PriceBookBuilder {
    static let aliasDepthMax = 8

    private let schedules: [String: PriceSchedule]
    private let rules: [TierName: TierRule]

    init(schedules: [PriceSchedule], tierRules: [TierRule]) throws(PriceBookError) {
        var byName: [String: PriceSchedule] = [:]
        for schedule in schedules {
            guard schedule.isValid else { throw .badSchedule(name: schedule.name) }
            guard byName.updateValue(schedule, forKey: schedule.name) == nil else {
                throw .duplicateName(schedule.name)
            }
        }
        self.schedules = byName
        var rules: [TierName: TierRule] = [:]
        for rule in tierRules {
            guard rules.updateValue(rule, forKey: rule.tier) == nil else { throw .duplicateName(rule.tier.text) }
        }
        self.rules = rules
    }

    /// One model of one provider.
    private struct Name: Hashable {
        let provider: String
        let model: String
    }

    mutating func build(
        entries: [PriceEntry], aliases: [ModelAlias]
    ) throws(PriceBookError) -> [String: PriceBook.Record] {
        var history: [Name: [Int]] = [:]
        var resolved: [[TierName: PriceTable.Hours]] = []
        var fingerprints: [String] = []
        for (index, entry) in entries.enumerated() {
            guard !entry.models.isEmpty, entry.models.allSatisfy({ !$0.isEmpty && $0 != "*" }) else {
                throw .noModelName(entry: index)
            }
            guard entry.validFrom < entry.validTo else { throw .emptyPeriod(entry: index) }
            for model in entry.models {
                history[Name(provider: entry.provider, model: model), default: []].append(index)
            }
            resolved.append(
                try EntryResolver(entry: entry, index: index, schedules: self.schedules, rules: self.rules).hours())
            fingerprints.append(Fingerprint.text(of: entry))
        }
        var records: [String: PriceBook.Record] = [:]
        var qualified: [String: PriceBook.Record] = [:]
        for (name, indexes) in history {
            let record = try self.record(name, indexes, entries, resolved, fingerprints)
            if !name.provider.isEmpty { qualified["\(name.provider)/\(name.model)"] = record }
            if records[name.model] == nil {
                records[name.model] = record
            } else {
                records[name.model] = PriceBook.Record(isAmbiguous: true)
            }
        }
        // A bare name may itself contain a slash; it then wins over the qualified form of another model.
        records.merge(qualified) { bare, _ in bare }
        try self.add(aliases, to: &records)
        return records
    }

    private func record(
        _ name: Name, _ indexes: [Int], _ entries: [PriceEntry], _ resolved: [[TierName: PriceTable.Hours]],
        _ fingerprints: [String]
    ) throws(PriceBookError) -> PriceBook.Record {
        let ordered = indexes.sorted { (entries[$0].validFrom, $0) < (entries[$1].validFrom, $1) }
        var record = PriceBook.Record()
        for (place, index) in ordered.enumerated() {
            let entry = entries[index]
            var validTo = entry.validTo
            if place + 1 < ordered.count {
                let next = entries[ordered[place + 1]]
                guard entry.validFrom < next.validFrom else {
                    throw .samePeriod(entry: ordered[place + 1], earlier: index, model: name.model)
                }
                validTo = min(validTo, next.validFrom)
            }
            let day = entry.validFrom.nanoseconds == .min ? "start" : String(entry.validFrom.rfc3339.prefix(10))
            let provider = name.provider.isEmpty ? "" : name.provider + "/"
            for (tier, hours) in resolved[index] {
                let table = PriceTable(
                    provider: entry.provider, model: name.model, tier: tier, validFrom: entry.validFrom,
                    validTo: validTo, priceVersion: "\(provider)\(name.model)@\(day)#\(fingerprints[index])",
                    hours: hours, list: resolved[index][.standard])
                record.tables[tier, default: []].append(table)
            }
        }
        return record
    }

    private func add(
        _ aliases: [ModelAlias], to records: inout [String: PriceBook.Record]
    ) throws(PriceBookError) {
        for alias in aliases { records[alias.name, default: PriceBook.Record()].aliases.append(alias) }
        for alias in aliases {
            guard Self.isKnown(alias.target, in: records) else {
                throw .aliasTargetUnknown(name: alias.name, target: alias.target)
            }
            guard alias.validFrom < alias.validTo, self.depth(of: alias.name, in: records, 0) < Self.aliasDepthMax
            else { throw .aliasCycle(name: alias.name) }
        }
    }

    /// Whether a look-up of `name` finds a record: exactly, without its date, or by a prefix.
    private static func isKnown(_ name: String, in records: [String: PriceBook.Record]) -> Bool {
        if records[name] != nil { return true }
        if let undated = ModelName.withoutDate(name), records[undated] != nil { return true }
        return records.keys.contains { $0.hasSuffix("*") && name.hasPrefix($0.dropLast()) }
    }

    private func depth(of name: String, in records: [String: PriceBook.Record], _ above: Int) -> Int {
        guard above < Self.aliasDepthMax, let record = records[name] else { return above }
        return record.aliases.map { self.depth(of: $0.target, in: records, above + 1) }.max() ?? above
    }
}
