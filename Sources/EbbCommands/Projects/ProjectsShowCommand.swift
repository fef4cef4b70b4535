import ArgumentParser
import Gateway
import StoreSQLite

/// `ebb projects show`.
struct ProjectsShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows one project.", discussion: "ebb projects show research")

    @OptionGroup var data: DataOptions

    @Argument(help: "The project's name or id.", transform: ObjectName.read)
    var project: String

    @Flag(help: "Print the project object.")
    var json = false

    func run() async throws {
        try await Console.run {
            try await self.data.withStore { store in
                let project = try await store.requireProject(self.project)
                try await ProjectFacts.load(project, store).print(json: self.json)
            }
        }
    }
}
