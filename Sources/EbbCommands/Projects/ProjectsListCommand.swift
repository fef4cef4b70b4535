import ArgumentParser
import Gateway
import StoreSQLite

/// `ebb projects list`.
struct ProjectsListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists projects with what they have spent.",
        discussion: "ebb projects list --all --json")

    @OptionGroup var data: DataOptions

    @Flag(help: "Archived projects too.")
    var all = false

    @Flag(help: "Print the project objects, one a line.")
    var json = false

    func run() async throws {
        try await Console.run {
            try await self.data.withStore { store in
                var facts: [ProjectFacts] = []
                for project in try await store.projects() where self.all || project.archivedAt == nil {
                    facts.append(try await ProjectFacts.load(project, store))
                }
                if self.json {
                    for fact in facts { try fact.print(json: true) }
                } else {
                    var table = TextTable(ProjectFacts.titles)
                    try table.print(facts.map(\.row))
                }
            }
        }
    }
}
