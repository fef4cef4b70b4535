import ArgumentParser

/// `ebb batch`: the batches of a gateway.
struct BatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "batch",
        abstract: "Checks batch files; creates, lists, shows, watches and cancels batches, and fetches their results.",
        discussion: """
            ebb batch create batch.jsonl --watch
            ebb batch results batch_… --output prompts
            """,
        subcommands: [
            BatchCreateCommand.self, BatchListCommand.self, BatchShowCommand.self, BatchWatchCommand.self,
            BatchCancelCommand.self, BatchResultsCommand.self, BatchValidateCommand.self,
        ])
}
