import ArgumentParser
import Gateway
import StoreSQLite

/// `ebb projects archive`.
struct ProjectsArchiveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "archive",
        abstract: "Archives a project: its keys stop working, its data and charges stay.",
        discussion: "ebb projects archive research")

    @OptionGroup var data: DataOptions

    @Argument(help: "The project's name or id.", transform: ObjectName.read)
    var project: String

    @Flag(help: "Print the project object.")
    var json = false

    func run() async throws {
        try await Console.run {
            try await self.data.withStore { store in
                var project = try await store.requireProject(self.project)
                if project.archivedAt == nil {
                    project.archivedAt = SystemClock().now
                    try await store.update(project)
                }
                if self.json {
                    try await ProjectFacts.load(project, store).print(json: true)
                } else {
                    try StandardOutput.line("archived \(project.name)")
                }
            }
        }
    }
}
