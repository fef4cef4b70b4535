import ArgumentParser
import OpenAIWire

/// `ebb batch list`.
struct BatchListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the project's batches, newest first.",
        discussion: "ebb batch list --limit 500 --json")

    /// The endpoint's largest page.
    static let pageMax = 100

    @OptionGroup var server: ServerOptions

    @Option(help: "Show at most that many.")
    var limit = 20

    @Flag(help: "Print the batch objects, one a line.")
    var json = false

    func validate() throws {
        guard self.limit > 0 else { throw ValidationError("--limit must be positive") }
    }

    func run() async throws {
        try await Console.run {
            var table = TextTable(BatchFacts.titles)
            let hasMore = try await self.server.client().list("/batches", limit: self.limit, pageMax: Self.pageMax) {
                (batches) throws(ServerFailure) in
                if self.json { return try StandardOutput.lines(batches.map(\.encoded)) }
                var rows: [[String]] = []
                for batch in batches { rows.append(try BatchFacts(batch).row) }
                try table.print(rows)
            }
            if hasMore { Console.error("There are more; --limit shows them.") }
        }
    }
}
