import ArgumentParser

/// `ebb batch watch`.
struct BatchWatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Waits until a batch has ended.",
        discussion: """
            Exit status 0: every line succeeded; 3: some lines failed, or the batch expired or was cancelled; 1: the \
            batch failed its validation, and the errors are printed. A gateway that is away for up to two minutes is \
            waited for.

            ebb batch watch batch_… && ebb batch results batch_…
            """)

    @OptionGroup var server: ServerOptions

    @Argument(help: "The batch's id.", transform: ObjectName.read)
    var id: String

    @Flag(help: "Print the final batch object.")
    var json = false

    func run() async throws {
        try await Console.run {
            let batch = try await BatchWatcher(client: try self.server.client()).run(self.id)
            try BatchWatcher.finish(batch, json: self.json)
        }
    }
}
