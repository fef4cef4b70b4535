import ArgumentParser
import OpenAIWire

/// `ebb batch results`.
struct BatchResultsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "results",
        abstract: "Downloads a finished batch's results and errors.",
        discussion: """
            Writes PREFIX.results.jsonl and PREFIX.errors.jsonl, each only when the batch has such lines, and prints \
            their names. A file appears when it is whole.

            ebb batch results batch_… --output prompts
            """)

    @OptionGroup var server: ServerOptions

    @Argument(help: "The batch's id.", transform: ObjectName.read)
    var id: String

    @Option(name: .shortAndLong, help: "What the files' names begin with. Default: the batch's id.")
    var output: String?

    @Flag(help: "Print one object with the files' names.")
    var json = false

    func run() async throws {
        try await Console.run {
            let client = try self.server.client()
            let batch = try await BatchFacts.fetch(self.id, client)
            guard batch.isFinished else {
                throw CommandFailure("batch \(self.id) is \(batch.status); 'ebb batch watch' waits for its end")
            }
            if batch.status == "failed" {
                for line in batch.errorLines { Console.error(line) }
                throw CommandFailure("batch \(self.id) failed its validation: no line ran", status: ExitStatus.failed)
            }
            var written: [JSONValue.Member] = []
            for (member, name) in [("output_file_id", "results"), ("error_file_id", "errors")] {
                guard let file = batch.object[member]?.string else {
                    written.append(.init(name, .null))
                    continue
                }
                let path = "\(self.output ?? batch.id).\(name).jsonl"
                try await client.download("/files/\(PathText.encoded(file))/content", to: path)
                written.append(.init(name, .string(path)))
                if !self.json { try StandardOutput.line(path) }
            }
            if self.json { try StandardOutput.json(.object(written)) }
        }
    }
}
