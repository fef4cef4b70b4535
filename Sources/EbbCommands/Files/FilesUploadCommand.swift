import ArgumentParser
import OpenAIWire

/// `ebb files upload`.
struct FilesUploadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upload",
        abstract: "Uploads files, streamed from disk; prints each file's id.",
        discussion: """
            ebb files upload prompts.jsonl
            ebb files upload evals.jsonl --expires-after 7d --idempotency-key nightly-2026-11-22
            """)

    @OptionGroup var server: ServerOptions

    @Argument(help: "Files to upload.", completion: .file())
    var files: [String]

    @Option(help: "What the file is for: batch, fine-tune, assistants, vision, user_data or evals.")
    var purpose = "batch"

    @Option(help: "The name that the gateway keeps. Default: the file's own. For one file only.")
    var filename: String?

    @Option(help: "Delete the file that long after its creation: 1h to 30d, or seconds.")
    var expiresAfter: String?

    @Option(help: "Uploading again with the same key and content gives the same file. For one file only.")
    var idempotencyKey: String?

    @Flag(help: "Print the file objects, one a line.")
    var json = false

    func validate() throws {
        guard self.files.count == 1 || (self.filename == nil && self.idempotencyKey == nil) else {
            throw ValidationError("--filename and --idempotency-key are for one file")
        }
    }

    func run() async throws {
        try await Console.run {
            let client = try self.server.client()
            var fields: [(name: String, value: String)] = []
            if let text = self.expiresAfter {
                let seconds = try ShownTime.seconds(text, option: "--expires-after")
                fields = [("expires_after[anchor]", "created_at"), ("expires_after[seconds]", String(seconds))]
            }
            for file in self.files {
                let object = try await client.uploadFile(
                    path: file, purpose: self.purpose, filename: self.filename, fields: fields,
                    idempotencyKey: self.idempotencyKey
                ).json()
                if self.json {
                    try StandardOutput.json(object)
                } else {
                    guard let id = object["id"]?.string else { throw ServerFailure.strange("a file without an id") }
                    try StandardOutput.line(id)
                }
            }
        }
    }
}
