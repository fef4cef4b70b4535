import ArgumentParser
import Gateway
import Quantities
import StoreSQLite

/// `ebb keys list`.
struct KeysListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists API keys; never their secrets.",
        discussion: "ebb keys list --project research --all")

    @OptionGroup var data: DataOptions

    @Option(help: "Only this project's keys: name or id.", transform: ObjectName.read)
    var project: String?

    @Flag(help: "Revoked keys too.")
    var all = false

    @Flag(help: "Print the key objects, one a line.")
    var json = false

    func run() async throws {
        try await Console.run {
            try await self.data.withStore { store in
                var names: [ProjectID: String] = [:]
                for project in try await store.projects() { names[project.id] = project.name }
                var only: ProjectID?
                if let project = self.project { only = try await store.requireProject(project).id }
                let facts = try await store.keys(of: only)
                    .filter { self.all || $0.revokedAt == nil }
                    .map { KeyFacts(key: $0, project: names[$0.project] ?? $0.project.text) }
                if self.json {
                    for fact in facts { try StandardOutput.json(fact.json()) }
                } else {
                    var table = TextTable(KeyFacts.titles)
                    try table.print(facts.map(\.row))
                }
            }
        }
    }
}
