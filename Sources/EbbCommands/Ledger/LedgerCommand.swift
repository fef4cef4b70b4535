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

    @Option(help: "Only this project's: name or id.", transform: ObjectName.read)
    var project: String?

    @Option(help: "Only this batch's.", transform: ObjectName.read)
    var batch: String?

    @Option(help: "Answers that ended at or after: 2026-11-22, 2026-11-22T08:00:00Z, or 24h (ago).")
    var since: String?

    @Option(help: "Answers that ended before; as --since.")
    var until: String?

    func filter(_ store: any ProjectStore & BatchStore & LedgerStore) async throws -> ChargeFilter {
        let now = SystemClock().now
        var filter = ChargeFilter()
        if let project = self.project { filter.project = try await store.requireProject(project).id }
        if let batch = self.batch { filter.batch = try await Self.known(BatchID(batch), store) }
        if let text = self.since { filter.since = try ShownTime.parse(text, now: now, option: "--since") }
        if let text = self.until { filter.until = try ShownTime.parse(text, now: now, option: "--until") }
        return filter
    }

    /// - Throws: `CommandFailure` for an id that neither a batch nor a charge has; charges outlive their batch.
    private static func known(
        _ id: BatchID, _ store: any ProjectStore & BatchStore & LedgerStore
    ) async throws -> BatchID {
        for project in try await store.projects() where try await store.batch(id, project: project.id) != nil {
            return id
        }
        if try await !store.charges(ChargeFilter(batch: id), after: 0, limit: 1).isEmpty { return id }
        throw CommandFailure("there is no batch '\(TextTable.printable(id.text))'; 'ebb batch list' shows them")
    }
}
