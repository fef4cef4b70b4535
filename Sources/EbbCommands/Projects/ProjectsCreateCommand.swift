import ArgumentParser
import Gateway
import Quantities
import StoreSQLite

/// `ebb projects create`.
struct ProjectsCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Creates a project; 'ebb keys create' gives it a key.",
        discussion: "ebb projects create research --limit 25.00")

    @OptionGroup var data: DataOptions

    @Argument(help: "The project's name.")
    var name: String

    @Option(help: "Spend cap in dollars over the project's whole life, or 'none'.")
    var limit = "none"

    @Flag(help: "Print the project object.")
    var json = false

    func run() async throws {
        try await Console.run {
            let name = try ShownName.project(self.name)
            let cap = try SpendCap.parse(self.limit)
            try await self.data.withStore(creates: true) { store in
                guard try await store.project(named: name) == nil else {
                    throw CommandFailure("a project '\(name)' is there already")
                }
                let bootstrap = Bootstrap(store: store, clock: SystemClock(), randomness: SystemRandomness())
                let project = try await bootstrap.createProject(name, cap: cap)
                if self.json {
                    try await ProjectFacts.load(project, store).print(json: true)
                } else {
                    try StandardOutput.line(project.id.text)
                }
            }
        }
    }
}
