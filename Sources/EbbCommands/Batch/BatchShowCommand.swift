import ArgumentParser

/// `ebb batch show`.
struct BatchShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows one batch.", discussion: "ebb batch show batch_… --json")

    @OptionGroup var server: ServerOptions

    @Argument(help: "The batch's id.", transform: ObjectName.read)
    var id: String

    @Flag(help: "Print the batch object.")
    var json = false

    func run() async throws {
        try await Console.run {
            let batch = try await BatchFacts.fetch(self.id, try self.server.client())
            if self.json { try StandardOutput.json(batch.object) } else { try batch.print() }
        }
    }
}
