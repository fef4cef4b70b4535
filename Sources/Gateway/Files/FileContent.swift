/// A file's bytes, read piece by piece.
public struct FileContent: Sendable {
    enum Source: Sendable {
        case blob(BlobKey, any BlobStore)
        /// A view over a batch's rows, for as long as the file is there.
        case lines(BatchOutputReader, FileRecord, any FileStore)
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
    ///
    /// - Throws: `notFound` once the file is deleted, `unavailable` when there is another number of bytes than
    ///   `byteCount`, which the reader of the file was promised.
    public mutating func next() async throws(StoreFailure) -> [UInt8]? {
        let piece = try await self.read()
        self.offset += Int64(piece?.count ?? 0)
        guard piece == nil ? self.offset == self.byteCount : self.offset <= self.byteCount else {
            throw .unavailable("a file of \(self.byteCount) bytes has \(piece == nil ? "" : "at least ")\(self.offset)")
        }
        return piece
    }

    private mutating func read() async throws(StoreFailure) -> [UInt8]? {
        switch self.source {
        case .blob(let key, let blobs):
            let piece = try blobs.read(key, offset: self.offset, count: Self.pieceBytes)
            return piece.isEmpty ? nil : piece
        case .lines(var reader, let file, let store):
            let piece = try await reader.next()
            // Asked after the rows were read: their bytes go after the record.
            guard try await store.file(file.id, project: file.project) != nil else { throw .notFound }
            self.source = .lines(reader, file, store)
            return piece
        }
    }
}
