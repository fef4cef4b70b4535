import ArgumentParser
import Quantities

/// `ebb explain`.
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Tells why a request waited, where it ran, what took its place and what it cost.",
        discussion: """
            The id is that of the answer's header x-request-id, of a batch's output line (response.request_id) or of a \
            charge. A gateway remembers the steps of its last 20,000 requests; of older ones it knows the charge.

            ebb explain req_…
            ebb explain batch_… CUSTOM_ID       a line of a batch that has ended
            """)

    @OptionGroup var server: ServerOptions

    @Argument(help: "The request's id, or a batch's.", transform: ObjectName.read)
    var id: String

    @Argument(help: "Of a batch: the line's custom_id.")
    var customID: String?

    @Flag(help: "Print the object.")
    var json = false

    private static func manyRequests(_ batch: String) -> CommandFailure {
        CommandFailure(
            "a batch has a request for each line: name one by its custom_id, 'ebb explain \(batch) CUSTOM_ID'; "
                + "'ebb batch show \(batch)' says how the batch stands")
    }

    func run() async throws {
        try await Console.run {
            guard self.customID != nil || !self.id.hasPrefix(BatchID.prefix) else { throw Self.manyRequests(self.id) }
            let client = try self.server.client()
            var id = self.id
            if let line = self.customID { id = try await BatchLineSearch.request(of: line, in: id, client) }
            let request = try await client.getOwn("/ebb/requests/\(PathText.encoded(id))").json()
            if self.json { return try StandardOutput.json(request) }
            try StandardOutput.lines(ExplainView(request).lines.map { Array($0.utf8) })
        }
    }
}
