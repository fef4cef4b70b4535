import ArgumentParser
import Gateway
import OpenAIWire
import Quantities

/// `ebb keys`: the API keys of a data folder.
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Creates, lists and revokes API keys.",
        discussion: """
            Works on the data folder itself; a server that runs on it takes changes over within a second.

            ebb keys create --project research --name laptop
            ebb keys revoke key_…
            """,
        subcommands: [KeysCreateCommand.self, KeysListCommand.self, KeysRevokeCommand.self])
}

/// A key for output; the secret only at its creation.
struct KeyFacts {
    let key: KeyRecord
    let project: String

    func json(secret: String? = nil) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("id", .string(self.key.id.text)), .init("object", .string("api_key")),
            .init("project", .string(self.project)), .init("name", .string(self.key.name)),
            .init("hint", .string(self.key.hint)), .init("created_at", .integer(self.key.createdAt.seconds)),
            .init("revoked_at", self.key.revokedAt.map { .integer($0.seconds) } ?? .null),
        ]
        if let secret { members.append(.init("secret", .string(secret))) }
        return .object(members)
    }

    static let titles = ["ID", "PROJECT", "NAME", "SECRET", "CREATED", "REVOKED"]

    var row: [String] {
        [
            self.key.id.text, self.project, self.key.name, self.key.hint, ShownTime.text(self.key.createdAt),
            self.key.revokedAt.map { ShownTime.text($0) } ?? "",
        ]
    }
}
