import ArgumentParser
import Glibc
import OpenAIWire

/// `ebb batch create`.
struct BatchCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Creates a batch from a JSONL file, which is uploaded first, or from an uploaded file's id.",
        discussion: """
            Prints the batch's id. With an idempotency key the same command again gives the same file and batch, \
            also after a lost connection.

            ebb batch create batch.jsonl --watch
            ebb batch create file-… --endpoint /v1/embeddings --window 2h --metadata run=nightly
            """)

    /// Where the endpoint is read from when it is not given: the first line, as far as that.
    static let firstLineBytesMax = 4 * 1_024 * 1_024

    @OptionGroup var server: ServerOptions

    @Argument(help: "A JSONL file, or the id of an uploaded one (file-…).", completion: .file())
    var file: String

    @Option(help: "Endpoint of all lines. Default: the first line's url, or /v1/chat/completions for a file id.")
    var endpoint: String?

    @Option(help: "Completion window.")
    var window = "24h"

    @Option(help: "KEY=VALUE to keep with the batch. Repeatable, up to 16.")
    var metadata: [String] = []

    @Option(help: "Delete the output files that long after their creation: 1h to 30d, or seconds.")
    var outputExpiresAfter: String?

    @Option(help: "Creating again with the same key and content gives the same batch.")
    var idempotencyKey: String?

    @Flag(help: "Wait until the batch has ended, as 'ebb batch watch' does.")
    var watch = false

    @Flag(help: "Print the batch object; with --watch the final one.")
    var json = false

    func run() async throws {
        try await Console.run {
            let client = try self.server.client()
            let fields = try self.fields()
            let input = try await self.input(client)
            let batch: BatchFacts
            do {
                let answer = try await client.post(
                    "/batches", json: self.body(input.id, input.endpoint, fields), idempotencyKey: self.idempotencyKey)
                batch = try BatchFacts(try answer.json())
            } catch {
                if input.isNew { Console.error("The input stays uploaded as \(input.id).") }
                throw error
            }
            guard self.watch else {
                if self.json { try StandardOutput.json(batch.object) } else { try StandardOutput.line(batch.id) }
                return
            }
            if !self.json { try StandardOutput.line(batch.id) }
            try BatchWatcher.finish(try await BatchWatcher(client: client).run(batch.id), json: self.json)
        }
    }

    /// What the options say besides file and endpoint; checked before anything is uploaded.
    private func fields() throws(CommandFailure) -> [JSONValue.Member] {
        var fields: [JSONValue.Member] = [.init("completion_window", .string(self.window))]
        var pairs: [JSONValue.Member] = []
        for text in self.metadata {
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
                throw CommandFailure("--metadata '\(text)' is not KEY=VALUE")
            }
            pairs.append(.init(String(text[..<equals]), .string(String(text[text.index(after: equals)...]))))
        }
        if !pairs.isEmpty { fields.append(.init("metadata", .object(pairs))) }
        if let text = self.outputExpiresAfter {
            let seconds = try ShownTime.seconds(text, option: "--output-expires-after")
            let expiry = JSONValue.object([
                .init("anchor", .string("created_at")), .init("seconds", .integer(seconds)),
            ])
            fields.append(.init("output_expires_after", expiry))
        }
        return fields
    }

    private func body(_ file: String, _ endpoint: String, _ fields: [JSONValue.Member]) -> [UInt8] {
        JSONValue.object(
            [.init("input_file_id", .string(file)), .init("endpoint", .string(endpoint))] + fields
        ).encoded
    }

    /// The input file's id, and the endpoint of its lines.
    private func input(_ client: ServerClient) async throws -> (id: String, endpoint: String, isNew: Bool) {
        if self.file.hasPrefix("file-"), access(self.file, F_OK) != 0 {
            return (self.file, self.endpoint ?? "/v1/chat/completions", false)
        }
        let endpoint = try self.endpoint ?? Self.firstURL(self.file)
        let object = try await client.uploadFile(
            path: self.file, purpose: "batch", idempotencyKey: self.idempotencyKey
        ).json()
        guard let id = object["id"]?.string else { throw ServerFailure.strange("a file without an id") }
        return (id, endpoint, true)
    }

    private static func firstURL(_ path: String) throws -> String {
        let source = try FileSource(path)
        guard source.size != nil else { throw CommandFailure("--endpoint is needed when the lines come from a pipe") }
        var line: [UInt8] = []
        while line.count < Self.firstLineBytesMax {
            let piece = try source.next(UploadForm.pieceBytes)
            let end = piece.firstIndex(of: UInt8(ascii: "\n"))
            line += piece[..<(end ?? piece.endIndex)]
            if end != nil || piece.isEmpty { break }
        }
        if line.allSatisfy({ [0x20, 0x09, 0x0D].contains($0) }) {
            throw CommandFailure(source.size == 0 ? "\(path) is empty" : "\(path): line 1 is blank")
        }
        let object: JSONValue
        do throws(JSONError) { object = try JSONValue(parsing: line) } catch {
            if line.first == UInt8(ascii: "[") { throw CommandFailure("\(path): \(InputConverter.arrayAdvice)") }
            throw CommandFailure("\(path): line 1 is not valid JSON: \(error.sentence)")
        }
        if object.kind == .array { throw CommandFailure("\(path): \(InputConverter.arrayAdvice)") }
        guard let url = object["url"]?.string else {
            throw CommandFailure(
                "\(path): line 1 has no \"url\"; --endpoint names the endpoint. Lines with a prompt are for 'ebb run "
                    + "FILE --server URL', which makes a batch of them")
        }
        return url
    }
}
