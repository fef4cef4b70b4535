import ArgumentParser

/// `ebb batch cancel`.
struct BatchCancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Cancels batches. Lines that are running may finish; what ran is kept and charged.",
        discussion: "ebb batch cancel batch_…")

    @OptionGroup var server: ServerOptions

    @Argument(help: "The batches' ids.", transform: ObjectName.read)
    var ids: [String]

    @Flag(help: "Print the batch objects, one a line.")
    var json = false

    func run() async throws {
        try await Console.run {
            let client = try self.server.client()
            for id in self.ids {
                let batch = try BatchFacts(try await client.post(BatchFacts.path(id) + "/cancel").json())
                if self.json {
                    try StandardOutput.json(batch.object)
                } else {
                    try StandardOutput.line("\(batch.id) \(batch.status)")
                }
            }
        }
    }
}
