import ArgumentParser
import OpenAIWire

/// `ebb files show`.
struct FilesShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows one file.", discussion: "ebb files show file-… --json")

    @OptionGroup var server: ServerOptions

    @Argument(help: "The file's id.", transform: ObjectName.read)
    var id: String

    @Flag(help: "Print the file object.")
    var json = false

    func run() async throws {
        try await Console.run {
            let file = try await self.server.client().get("/files/\(PathText.encoded(self.id))").json()
            if self.json { return try StandardOutput.json(file) }
            try FactList.print([
                ("id", file["id"]?.string), ("name", file["filename"]?.string),
                ("bytes", file["bytes"]?.integer.map { String($0) }), ("purpose", file["purpose"]?.string),
                ("created", ShownTime.text(file["created_at"])),
                ("expires", ShownTime.text(file["expires_at"]) ?? "never"), ("status", file["status"]?.string),
            ])
        }
    }
}
