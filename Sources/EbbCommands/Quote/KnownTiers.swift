import ConfigurationYAML
import Pricing
package import Quantities

/// The tiers that a command line may name: those of the API, of the price book and of the configuration.
package struct KnownTiers {
    private let names: Set<String>
    private let spellings: [TierName: TierName]

    package init(_ source: PriceSource) {
        let windows = source.configuration.batch.windows
        var tiers = Set([TierName.standard, .flex, .priority, .batch] + windows.map(\.tier))
        for entry in source.book.entries { tiers.formUnion(entry.tiers.keys) }
        self.names = Set(tiers.map(\.text) + windows.map(\.window.text))
        self.spellings = source.book.spellings
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
        return CommandFailure("\(problem); known: \(Set(spoken).sorted().joined(separator: ", "))")
    }
}

extension TierName {
    /// As people say it: what the API calls `default` is the standard tier.
    var spoken: String { self == .standard ? "standard" : self.text }
}
