/// A file's bytes, read piece by piece.
public struct FileContent: Sendable {
    enum Source: Sendable {
        case blob(BlobKey, any BlobStore)
        case lines(BatchOutputReader)
    }

    /// Bytes read and handed on at once.
    static let pieceBytes = 256 * 1_024

    private var source: Source
    private var offset: Int64 = 0
    public let byteCount: Int64

    init(source: Source, byteCount: Int64) {
        self.source = source
        self.byteCount = byteCount
    }

    /// The next piece, in order; nil at the end.
    public mutating func next() async throws(StoreFailure) -> [UInt8]? {
        switch self.source {
        case .blob(let key, let blobs):
            let piece = try blobs.read(key, offset: self.offset, count: Self.pieceBytes)
            self.offset += Int64(piece.count)
            return piece.isEmpty ? nil : piece
        case .lines(var reader):
            let piece = try await reader.next()
            self.source = .lines(reader)
            return piece
        }
    }
}
