import ArgumentParser

/// `ebb files delete`.
struct FilesDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Deletes files.", discussion: "ebb files delete file-… file-…")

    @OptionGroup var server: ServerOptions

    @Argument(help: "The files' ids.", transform: ObjectName.read)
    var ids: [String]

    @Flag(help: "Print the answers, one a line.")
    var json = false

    func run() async throws {
        try await Console.run {
            let client = try self.server.client()
            for id in self.ids {
                let answer = try await client.delete("/files/\(PathText.encoded(id))").json()
                if self.json { try StandardOutput.json(answer) } else { try StandardOutput.line("deleted \(id)") }
            }
        }
    }
}
