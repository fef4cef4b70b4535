/// Names a stored blob. Opaque.
public struct BlobKey: Hashable, Sendable, CustomStringConvertible {
    public let text: String
    public init(_ text: String) { self.text = text }
    public var description: String { self.text }
}

/// Port: bytes of files, outside the database.
///
/// A blob exists only after `finish` returned; before that a crash leaves nothing that `read` could see.
public protocol BlobStore: Sendable {
    func create() throws(StoreFailure) -> any BlobWriter
    /// Up to `count` bytes from `offset`; fewer only at the end of the blob.
    func read(_ key: BlobKey, offset: Int64, count: Int) throws(StoreFailure) -> [UInt8]
    func size(_ key: BlobKey) throws(StoreFailure) -> Int64
    /// Removes the bytes; a missing blob is no error.
    func delete(_ key: BlobKey) throws(StoreFailure)
    /// All finished blobs, for the sweep of orphans.
    func keys() throws(StoreFailure) -> [BlobKey]
}

/// Writes one blob. Not for concurrent use.
public protocol BlobWriter: AnyObject, Sendable {
    func append(_ bytes: UnsafeRawBufferPointer) throws(StoreFailure)
    /// Makes the bytes durable (fsync of file and folder) and names them.
    func finish() throws(StoreFailure) -> BlobKey
    /// Forgets what was written. Idempotent; also after `finish` it does nothing.
    func abort()
}
