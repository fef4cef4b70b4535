import ArgumentParser
import OpenAIWire

/// `ebb files list`.
struct FilesListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists the project's files, newest first.",
        discussion: """
            ebb files list --purpose batch
            ebb files list --limit 100000 --json
            """)

    /// Objects asked for at a time.
    static let pageMax = 1_000

    @OptionGroup var server: ServerOptions

    @Option(help: "Only files with this purpose.")
    var purpose: String?

    @Option(help: "Show at most that many.")
    var limit = 100

    @Flag(help: "Print the file objects, one a line.")
    var json = false

    func validate() throws {
        guard self.limit > 0 else { throw ValidationError("--limit must be positive") }
    }

    func run() async throws {
        try await Console.run {
            var table = TextTable(["ID", "#BYTES", "PURPOSE", "CREATED", "EXPIRES", "NAME"])
            let hasMore = try await self.server.client().list(
                "/files", query: self.purpose.map { ["purpose=\(PathText.encoded($0))"] } ?? [], limit: self.limit,
                pageMax: Self.pageMax
            ) { (files) throws(ServerFailure) in
                if self.json {
                    try StandardOutput.lines(files.map(\.encoded))
                } else {
                    try table.print(files.map { Self.row($0) })
                }
            }
            if hasMore { Console.error("There are more; --limit shows them.") }
        }
    }

    private static func row(_ file: JSONValue) -> [String] {
        [
            file["id"]?.string ?? "", file["bytes"]?.integer.map { String($0) } ?? "", file["purpose"]?.string ?? "",
            ShownTime.text(file["created_at"]) ?? "", ShownTime.text(file["expires_at"]) ?? "never",
            file["filename"]?.string ?? "",
        ]
    }
}
