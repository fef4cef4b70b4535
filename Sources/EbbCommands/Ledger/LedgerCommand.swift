import ArgumentParser
import Gateway
import Quantities
import StoreSQLite

/// `ebb ledger`: what was charged.
struct LedgerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger",
        abstract: "Lists charges and their sums by model and tier, with what waiting saved.",
        discussion: """
            Reads the data folder itself. Amounts are exact decimal dollars.

            ebb ledger totals --project research --since 7d
            ebb ledger list --batch batch_… --json
            """,
        subcommands: [LedgerListCommand.self, LedgerTotalsCommand.self])
}

/// Which charges to read.
struct LedgerOptions: ParsableArguments {
    @OptionGroup var data: DataOptions

    @Option(help: "Only this project's: name or id.")
    var project: String?

    @Option(help: "Only this batch's.")
    var batch: String?

    @Option(help: "Answers that ended at or after: 2026-11-22, 2026-11-22T08:00:00Z, or 24h (ago).")
    var since: String?

    @Option(help: "Answers that ended before; as --since.")
    var until: String?

    func filter(_ store: any ProjectStore) async throws -> ChargeFilter {
        let now = SystemClock().now
        var filter = ChargeFilter()
        if let project = self.project { filter.project = try await store.requireProject(project).id }
        filter.batch = self.batch.map { BatchID($0) }
        if let text = self.since { filter.since = try ShownTime.parse(text, now: now, option: "--since") }
        if let text = self.until { filter.until = try ShownTime.parse(text, now: now, option: "--until") }
        return filter
    }
}
