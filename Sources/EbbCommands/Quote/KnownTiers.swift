import ConfigurationYAML
import Pricing
package import Quantities
import Scheduling

/// The tiers that a command line may name: those of the API, of the price book and of the configuration.
package struct KnownTiers {
    private let names: Set<String>
    private let spellings: [TierName: TierName]

    package init(_ source: PriceSource) {
        let windows = source.configuration.batch.windows
        var tiers = Set([TierName.standard, .flex, .priority, .batch] + windows.map(\.tier))
        for entry in source.book.entries { tiers.formUnion(entry.tiers.keys) }
        var spellings = source.book.spellings
        for tier in source.configuration.tiers.rows.map(\.tier) {
            tiers.insert(tier.name)
            for alias in tier.aliases { spellings[TierName(alias)] = tier.name }
        }
        self.names = Set(tiers.map(\.text) + windows.map(\.window.text))
        self.spellings = spellings
    }

    /// Reads options that name a tier each, or several with commas between them.
    ///
    /// - Returns: each tier once, in the order in which they were named.
    /// - Throws: for a tier that nobody knows. A completion window is one even where nothing is priced by it.
    package func read(_ options: [String]) throws(CommandFailure) -> [TierName] {
        var tiers: [TierName] = []
        for word in options.flatMap({ $0.split(separator: ",", omittingEmptySubsequences: false) }) {
            let name = String(word.drop { $0 == " " })
            let tier = self.spellings[TierName(name)] ?? TierName(name)
            guard self.names.contains(tier.text) || (try? CompletionWindow(name)) != nil else {
                throw self.unknown(name)
            }
            if !tiers.contains(tier) { tiers.append(tier) }
        }
        return tiers
    }

    private func unknown(_ name: String) -> CommandFailure {
        let spoken = self.names.map { TierName($0).spoken } + self.spellings.keys.map(\.text)
        let problem = "unknown tier '\(TextTable.printable(name))'"
        if let near = Suggestion.nearest(to: name, among: spoken) {
            return CommandFailure("\(problem); did you mean '\(near)'?")
        }
        let isWindow = { (name: String) in (try? CompletionWindow(name)) != nil }
        let shipped: [TierName] = [.standard, .priority, .flex, .batch]
        let others = self.names.filter { !isWindow($0) }.subtracting(shipped.map(\.text)).sorted()
        let windows = self.names.filter(isWindow).compactMap { try? CompletionWindow($0) }.sorted().map(\.text)
        return CommandFailure(
            "\(problem); tiers are \((shipped.map(\.spoken) + others).joined(separator: ", ")), and windows such as "
                + windows.joined(separator: ", "))
    }
}

extension TierName {
    /// As people say it: what the API calls `default` is the standard tier.
    var spoken: String { self == .standard ? "standard" : self.text }
}
