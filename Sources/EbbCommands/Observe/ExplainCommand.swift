import ArgumentParser
import OpenAIWire
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
            ebb explain batch_… CUSTOM_ID       a line of a batch: where it stands, and its way
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
            if let customID = self.customID { return try await self.explain(customID, client) }
            try await self.explain(request: self.id, client)
        }
    }

    private func explain(_ customID: String, _ client: ServerClient) async throws {
        let batch = try await BatchFacts.fetch(self.id, client)
        if batch.isFinished {
            let request = try await BatchLineSearch.request(of: customID, in: batch, client)
            return try await self.explain(request: request, client)
        }
        let path = "/ebb/batches/\(PathText.encoded(self.id))/line?custom_id=\(PathText.encoded(customID))"
        let line = try await client.getOwn(path).json()
        // A line that has ended is a request like any other.
        if line["state"]?.string == "ended", let request = line["request"]?.string {
            return try await self.explain(request: request, client)
        }
        try self.show(line) { LineView($0).lines }
    }

    private func explain(request id: String, _ client: ServerClient) async throws {
        try self.show(try await client.getOwn("/ebb/requests/\(PathText.encoded(id))").json()) {
            ExplainView($0).lines
        }
    }

    private func show(_ object: JSONValue, _ lines: (JSONValue) -> [String]) throws {
        if self.json { return try StandardOutput.json(object) }
        try StandardOutput.lines(lines(object).map { Array($0.utf8) })
    }
}
