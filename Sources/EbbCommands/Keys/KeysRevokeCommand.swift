import ArgumentParser
import Gateway
import Quantities
import StoreSQLite

/// `ebb keys revoke`.
struct KeysRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Revokes API keys: within a second a running server refuses them.",
        discussion: "ebb keys revoke key_…")

    @OptionGroup var data: DataOptions

    @Argument(help: "The keys' ids, as 'ebb keys list' shows them.", transform: ObjectName.read)
    var ids: [String]

    @Flag(help: "Print one object a key.")
    var json = false

    func run() async throws {
        try await Console.run {
            try await self.data.withStore { store in
                let known = Set(try await store.keys(of: nil).map(\.id))
                // All or none: a mistyped id must not leave half the work done.
                for id in self.ids where !known.contains(KeyID(id)) {
                    throw CommandFailure("there is no key '\(TextTable.printable(id))'; 'ebb keys list' shows them")
                }
                for id in self.ids {
                    guard try await store.revoke(KeyID(id), at: SystemClock().now) else {
                        throw CommandFailure("there is no key '\(id)'")
                    }
                    if self.json {
                        try StandardOutput.line("{\"id\":\"\(id)\",\"object\":\"api_key\",\"revoked\":true}")
                    } else {
                        try StandardOutput.line("revoked \(id)")
                    }
                }
            }
        }
    }
}
