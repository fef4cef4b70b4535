public import Gateway
import Synchronization

/// Blobs in memory, for tests.
public final class InMemoryBlobs: BlobStore {
    struct State {
        var blobs: [BlobKey: [UInt8]] = [:]
        var created = 0
        var appendFailure: StoreFailure?
    }

    let state = Mutex(State())

    public init() {}

    /// While set, each append fails with it: a full disk.
    public var appendFailure: StoreFailure? {
        get { self.state.withLock { $0.appendFailure } }
        set { self.state.withLock { $0.appendFailure = newValue } }
    }

    public func create() throws(StoreFailure) -> any BlobWriter {
        let number = self.state.withLock { state in
            state.created += 1
            return state.created
        }
        return InMemoryBlobWriter(key: BlobKey("blob-\(number)"), blobs: self)
    }

    public func read(_ key: BlobKey, offset: Int64, count: Int) throws(StoreFailure) -> [UInt8] {
        let bytes = try self.bytes(key)
        guard count > 0, offset >= 0, offset < bytes.count else { return [] }
        return Array(bytes[Int(offset)...].prefix(count))
    }

    public func size(_ key: BlobKey) throws(StoreFailure) -> Int64 { Int64(try self.bytes(key).count) }

    public func delete(_ key: BlobKey) throws(StoreFailure) { self.state.withLock { $0.blobs[key] = nil } }

    public func keys() throws(StoreFailure) -> [BlobKey] { self.state.withLock { Array($0.blobs.keys) } }

    private func bytes(_ key: BlobKey) throws(StoreFailure) -> [UInt8] {
        guard let bytes = self.state.withLock({ $0.blobs[key] }) else { throw .notFound }
        return bytes
    }
}

private final class InMemoryBlobWriter: BlobWriter {
    private let key: BlobKey
    private let blobs: InMemoryBlobs
    /// nil once finished or aborted.
    private let bytes = Mutex<[UInt8]?>([])

    init(key: BlobKey, blobs: InMemoryBlobs) {
        self.key = key
        self.blobs = blobs
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(StoreFailure) {
        if let failure = self.blobs.appendFailure { throw failure }
        let isOpen = self.bytes.withLock { kept in
            kept?.append(contentsOf: bytes)
            return kept != nil
        }
        guard isOpen else { throw .unavailable("the blob is closed") }
    }

    func finish() throws(StoreFailure) -> BlobKey {
        let kept = self.bytes.withLock { kept in
            defer { kept = nil }
            return kept
        }
        guard let kept else { throw .unavailable("the blob is closed") }
        self.blobs.state.withLock { $0.blobs[self.key] = kept }
        return self.key
    }

    func abort() { self.bytes.withLock { $0 = nil } }
}
