import ArgumentParser
import Gateway
import StoreSQLite

/// `ebb keys create`.
struct KeysCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Creates an API key and prints its secret, this once.",
        discussion: """
            Only a hash of the secret is kept.

            export EBB_API_KEY=$(ebb keys create --project research --name laptop)
            """)

    @OptionGroup var data: DataOptions

    @Option(help: "The project's name or id.", transform: ObjectName.read)
    var project = Bootstrap.defaultProject

    @Option(help: "What the key is called in lists.")
    var name = "key"

    @Flag(help: "Print the key object with its secret.")
    var json = false

    func run() async throws {
        try await Console.run {
            let name = try ShownName.key(self.name)
            try await self.data.withStore { store in
                let project = try await store.requireProject(self.project)
                guard project.archivedAt == nil else {
                    throw CommandFailure("project '\(project.name)' is archived: a key would not work")
                }
                let bootstrap = Bootstrap(store: store, clock: SystemClock(), randomness: SystemRandomness())
                let (record, secret) = try await bootstrap.createKey(project: project.id, name: name, secret: nil)
                if self.json {
                    try StandardOutput.json(KeyFacts(key: record, project: project.name).json(secret: secret))
                } else {
                    Console.error("Key \(record.id) of project '\(project.name)'; its secret is shown this once:")
                    try StandardOutput.line(secret)
                }
            }
        }
    }
}
