import ArgumentParser
import OpenAIWire
import Gateway
import Quantities

/// `ebb projects`: the projects of a data folder.
struct ProjectsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "projects",
        abstract: "Creates, lists, shows and archives projects, and sets their spend caps.",
        discussion: """
            Works on the data folder itself; a server that runs on it takes changes over within a second.

            ebb projects create research --limit 25.00
            ebb projects limit research none
            """,
        subcommands: [
            ProjectsCreateCommand.self, ProjectsListCommand.self, ProjectsShowCommand.self,
            ProjectsArchiveCommand.self, ProjectsLimitCommand.self,
        ])
}

/// A project with what it has spent, for output.
struct ProjectFacts {
    let project: ProjectRecord
    let spent: Money
    let liveKeys: Int

    static func load(_ project: ProjectRecord, _ store: any ProjectStore & LedgerStore) async throws -> ProjectFacts {
        let keys = try await store.keys(of: project.id)
        return ProjectFacts(
            project: project, spent: try await store.spent(project: project.id),
            liveKeys: keys.count { $0.revokedAt == nil })
    }

    var state: String { self.project.archivedAt == nil ? "active" : "archived" }

    var json: JSONValue {
        .object([
            .init("id", .string(self.project.id.text)), .init("object", .string("project")),
            .init("name", .string(self.project.name)), .init("status", .string(self.state)),
            .init("created_at", .integer(self.project.createdAt.seconds)),
            .init("archived_at", self.project.archivedAt.map { .integer($0.seconds) } ?? .null),
            .init("spend_cap", self.project.spendCap.map { .string($0.decimalDollars) } ?? .null),
            .init("spent", .string(self.spent.decimalDollars)), .init("keys", .integer(self.liveKeys)),
        ])
    }

    static let titles = ["NAME", "ID", "#SPENT", "#CAP", "#KEYS", "STATE", "CREATED"]

    var row: [String] {
        [
            self.project.name, self.project.id.text, self.spent.description,
            self.project.spendCap?.description ?? "none", String(self.liveKeys), self.state,
            ShownTime.text(self.project.createdAt),
        ]
    }

    func print(json: Bool) throws(ServerFailure) {
        if json { return try StandardOutput.json(self.json) }
        try FactList.print([
            ("name", self.project.name), ("id", self.project.id.text), ("state", self.state),
            ("spent", self.spent.description), ("spend cap", self.project.spendCap?.description ?? "none"),
            ("live keys", String(self.liveKeys)), ("created", ShownTime.text(self.project.createdAt)),
            ("archived", self.project.archivedAt.map { ShownTime.text($0) }),
        ])
    }
}

/// Reads `25.00`, or `none`.
enum SpendCap {
    static func parse(_ text: String) throws(CommandFailure) -> Money? {
        if text == "none" { return nil }
        guard let money = try? Money(decimalDollars: text), money >= .zero, (try? money.storedPicodollars) != nil else {
            throw CommandFailure("'\(TextTable.printable(text))' is not an amount in dollars such as 25.00, or 'none'")
        }
        return money
    }
}
