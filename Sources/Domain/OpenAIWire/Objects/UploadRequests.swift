/// The body of `POST /v1/uploads` (openai-api 2.4).
public struct UploadCreateRequest: Hashable, Sendable {
    /// 8 GiB.
    public static let bytesMax: Int64 = 8 << 30

    public let filename: String
    public let purpose: String
    public let bytes: Int64
    public let mimeType: String
    public let expiresAfter: ExpiresAfter?

    /// - Parameter purposes: those that this gateway accepts.
    public static func parse(
        _ body: [UInt8], purposes: [String], bytesMax: Int64 = Self.bytesMax
    ) throws(RequestError) -> UploadCreateRequest {
        let fields = try BodyFields(body)
        return UploadCreateRequest(
            filename: try fields.text("filename"),
            purpose: try fields.choice("purpose", purposes),
            bytes: try fields.integer("bytes", 1...bytesMax),
            mimeType: try fields.text("mime_type"),
            expiresAfter: try ExpiresAfter.parse(fields["expires_after"], param: "expires_after"))
    }
}

/// The body of `POST /v1/uploads/{id}/complete` (openai-api 2.4).
public struct UploadCompleteRequest: Hashable, Sendable {
    /// In the order of the file.
    public let partIDs: [String]
    /// Hexadecimal, as the client wrote it.
    public let md5: String?

    public static func parse(_ body: [UInt8]) throws(RequestError) -> UploadCompleteRequest {
        let fields = try BodyFields(body)
        guard let list = fields["part_ids"] else { throw .missingParameter("part_ids") }
        guard let elements = list.array else {
            throw .invalidType("part_ids", expected: "an array of strings", got: list.kind.phrase)
        }
        if elements.isEmpty { throw .emptyArray("part_ids") }
        var ids: [String] = []
        for (index, element) in elements.enumerated() {
            guard let id = element.string else {
                throw .invalidType("part_ids[\(index)]", expected: "a string", got: element.kind.phrase)
            }
            ids.append(id)
        }
        return UploadCompleteRequest(partIDs: ids, md5: try fields.optionalText("md5"))
    }
}
