import ArgumentParser
import Gateway
import Quantities
import StoreSQLite

/// `ebb projects limit`.
struct ProjectsLimitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limit",
        abstract: "Sets or removes a project's spend cap.",
        discussion: """
            The cap holds over the project's whole life; requests that would pass it are refused.

            ebb projects limit research 25.00
            ebb projects limit research none
            """)

    @OptionGroup var data: DataOptions

    @Argument(help: "The project's name or id.", transform: ObjectName.read)
    var project: String

    @Argument(help: "Dollars, or 'none'.")
    var amount: String

    @Flag(help: "Print the project object.")
    var json = false

    func run() async throws {
        try await Console.run {
            let cap = try SpendCap.parse(self.amount)
            try await self.data.withStore { store in
                var project = try await store.requireProject(self.project)
                project.spendCap = cap
                try await store.update(project)
                let facts = try await ProjectFacts.load(project, store)
                if self.json { return try facts.print(json: true) }
                try StandardOutput.line(
                    "\(project.name): cap \(cap?.description ?? "none"), spent \(facts.spent.description)")
            }
        }
    }
}
