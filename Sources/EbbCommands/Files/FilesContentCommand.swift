import ArgumentParser

/// `ebb files content`.
struct FilesContentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "content",
        abstract: "Downloads a file, streamed to standard output or to a file that appears when it is whole.",
        discussion: "ebb files content file-… --output results.jsonl")

    @OptionGroup var server: ServerOptions

    @Argument(help: "The file's id.", transform: ObjectName.read)
    var id: String

    @Option(name: .shortAndLong, help: "Write to this file instead of standard output.", completion: .file())
    var output: String?

    func run() async throws {
        try await Console.run {
            let client = try self.server.client()
            let path = "/files/\(PathText.encoded(self.id))/content"
            if let output = self.output {
                try await client.download(path, to: output)
            } else {
                try await client.stream(path) { (bytes) throws in try StandardOutput.write(bytes) }
            }
        }
    }
}
