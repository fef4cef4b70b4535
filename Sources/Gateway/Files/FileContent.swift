/// A file's bytes, read piece by piece.
public struct FileContent: Sendable {
    enum Source: Sendable {
        case blob(BlobKey, any BlobStore)
        case lines(BatchOutputReader)
    }

    /// Bytes read and handed on at once.
    static let pieceBytes = 256 * 1_024

    let source: Source
    public let byteCount: Int64

    /// Calls `write` with the content, in order.
    public func stream(_ write: ([UInt8]) async throws -> Void) async throws {
        switch self.source {
        case .blob(let key, let blobs):
            var offset: Int64 = 0
            while true {
                let piece = try blobs.read(key, offset: offset, count: Self.pieceBytes)
                if piece.isEmpty { return }
                offset += Int64(piece.count)
                try await write(piece)
            }
        case .lines(let reader):
            try await reader.stream(write)
        }
    }
}
