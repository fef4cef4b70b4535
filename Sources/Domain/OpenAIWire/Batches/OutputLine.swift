/// Writes the lines of a batch's output and error files, each with its line feed (openai-api 3.8).
public enum OutputLine {
    /// Why a line never got an answer; the raw value is its error code.
    public enum NeverExecuted: String, CaseIterable, Hashable, Sendable {
        case expired = "batch_expired"
        case cancelled = "batch_cancelled"
        case timeout = "request_timeout"
        /// OpenAI has no such limit: the code is this product's own.
        case costLimit = "cost_limit_reached"

        public var message: String {
            switch self {
            case .expired: "This request could not be executed before the completion window expired."
            case .cancelled: "This request was not executed because the batch was cancelled."
            case .timeout: "The call to the model timed out."
            case .costLimit: "This request was not executed because the cost limit of the batch was reached."
            }
        }
    }

    /// A line that an engine answered, well or badly: top-level `error` is null, the body tells.
    ///
    /// - Parameters:
    ///   - id: of the line's result, `batch_req_…`.
    ///   - customID: JSON text as it stood in the input file.
    ///   - body: what the engine sent. Text that is not JSON becomes an error body; line ends between JSON tokens are
    ///     taken out, so that the result stays one line.
    public static func appendAnswer(
        id: String, customID: some Collection<UInt8>, status: Int, requestID: String, body: [UInt8],
        to bytes: inout [UInt8]
    ) {
        bytes.reserveCapacity(bytes.count + customID.count + body.count + 192)
        self.appendHead(id: id, customID: customID, to: &bytes)
        bytes.append(contentsOf: #"{"status_code":\#(status),"request_id":"#.utf8)
        JSONWriter.appendQuoted(requestID, to: &bytes)
        bytes.append(contentsOf: #","body":"#.utf8)
        let isJSON = withJSONBytes(body) { (buffer) throws(Never) in (try? JSONScanner.validate(buffer)) != nil }
        if !isJSON {
            bytes.append(contentsOf: ErrorBody(parsing: body, status: status).encoded)
        } else if body.contains(0x0A) || body.contains(0x0D) {
            bytes.append(contentsOf: body.lazy.filter { $0 != 0x0A && $0 != 0x0D })
        } else {
            bytes.append(contentsOf: body)
        }
        bytes.append(contentsOf: "},\"error\":null}\n".utf8)
    }

    /// A line that never ran: `response` is null.
    public static func appendNeverExecuted(
        id: String, customID: some Collection<UInt8>, reason: NeverExecuted, to bytes: inout [UInt8]
    ) {
        self.appendHead(id: id, customID: customID, to: &bytes)
        bytes.append(contentsOf: #"null,"error":{"code":"#.utf8)
        JSONWriter.appendQuoted(reason.rawValue, to: &bytes)
        bytes.append(contentsOf: #","message":"#.utf8)
        JSONWriter.appendQuoted(reason.message, to: &bytes)
        bytes.append(contentsOf: "}}\n".utf8)
    }

    private static func appendHead(id: String, customID: some Collection<UInt8>, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: #"{"id":"#.utf8)
        JSONWriter.appendQuoted(id, to: &bytes)
        bytes.append(contentsOf: #","custom_id":"#.utf8)
        bytes.append(contentsOf: customID)
        bytes.append(contentsOf: #","response":"#.utf8)
    }
}
