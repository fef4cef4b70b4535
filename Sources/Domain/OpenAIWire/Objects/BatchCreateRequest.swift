/// The body of `POST /v1/batches` (openai-api 3.2). The file itself is judged later, asynchronously.
public struct BatchCreateRequest: Hashable, Sendable {
    public let inputFileID: String
    public let endpoint: String
    public let completionWindow: String
    public let metadata: Metadata?
    /// Counted from the creation of the output file.
    public let outputExpiresAfter: ExpiresAfter?

    /// - Parameters:
    ///   - endpoints: the paths that this gateway runs in batches.
    ///   - windows: the completion windows it offers, `24h` for example.
    public static func parse(
        _ bytes: [UInt8], endpoints: [String], windows: [String]
    ) throws(RequestError) -> BatchCreateRequest {
        let fields = try BodyFields(bytes)
        return BatchCreateRequest(
            inputFileID: try fields.text("input_file_id"),
            endpoint: try fields.choice("endpoint", endpoints),
            completionWindow: try fields.choice("completion_window", windows),
            metadata: try Metadata.parse(fields["metadata"]),
            outputExpiresAfter: try ExpiresAfter.parse(fields["output_expires_after"], param: "output_expires_after"))
    }
}
