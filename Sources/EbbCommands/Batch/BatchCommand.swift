import ArgumentParser

/// `ebb batch`: the batches of a gateway.
struct BatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "batch",
        abstract: "Creates, lists, shows, watches and cancels batches of a gateway, and fetches their results.",
        discussion: """
            ebb batch create prompts.jsonl --watch
            ebb batch results batch_… --output prompts
            """,
        subcommands: [
            BatchCreateCommand.self, BatchListCommand.self, BatchShowCommand.self, BatchWatchCommand.self,
            BatchCancelCommand.self, BatchResultsCommand.self,
        ])
}
