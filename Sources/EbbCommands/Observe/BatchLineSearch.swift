import Batching
import OpenAIWire
import Synchronization

/// Finds the request that answered a line of a batch, by the line's custom_id, in the batch's result files.
final class BatchLineSearch: Sendable {
    private struct State {
        var splitter = LineSplitter()
        var row: JSONValue?
    }

    private let customID: String
    private let state = Mutex(State())

    init(_ customID: String) { self.customID = customID }

    /// - Parameter batch: has ended.
    /// - Throws: when no line of it has this custom_id or the line never ran.
    static func request(
        of customID: String, in batch: BatchFacts, _ client: ServerClient
    ) async throws -> String {
        for member in ["output_file_id", "error_file_id"] {
            guard let file = batch.object[member]?.string else { continue }
            let search = BatchLineSearch(customID)
            try await client.stream("/files/\(PathText.encoded(file))/content") { (bytes) throws in search.feed(bytes) }
            if let row = search.finish() { return try Self.request(of: row, customID) }
        }
        throw CommandFailure(
            "batch \(batch.id) has no result of a line with custom_id '\(TextTable.printable(customID))'")
    }

    private static func request(of row: JSONValue, _ customID: String) throws(CommandFailure) -> String {
        if let request = row["response"]?["request_id"]?.string, !request.isEmpty { return request }
        let code = row["error"]?["code"]?.string ?? "no response"
        let message = row["error"]?["message"]?.string ?? ""
        throw CommandFailure(
            "the line '\(TextTable.printable(customID))' did not run: \(TextTable.printable("\(code): \(message)"))",
            status: ExitStatus.failed)
    }

    private func feed(_ bytes: UnsafeRawBufferPointer) {
        self.state.withLock { state in
            guard state.row == nil else { return }
            var found: JSONValue?
            state.splitter.feed(bytes) { line, _ in found = found ?? self.match(line) }
            state.row = found
        }
    }

    private func finish() -> JSONValue? {
        self.state.withLock { state in
            if state.row == nil {
                var found: JSONValue?
                state.splitter.finish { line, _ in found = self.match(line) }
                state.row = found
            }
            return state.row
        }
    }

    private func match(_ line: UnsafeRawBufferPointer) -> JSONValue? {
        guard let row = try? JSONValue(parsing: line), row["custom_id"]?.string == self.customID else { return nil }
        return row
    }
}
