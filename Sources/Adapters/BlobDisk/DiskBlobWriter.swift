import Gateway
import Glibc
import Synchronization

/// Writes one blob to a temporary file and gives it its name at the end. Memory: one buffer, whatever the blob's size.
///
/// `Mutex` only because the protocol is `Sendable`: a writer is not for concurrent use.
final class DiskBlobWriter: BlobWriter {
    /// Small appends are gathered up to this many bytes; an append of at least this many goes straight to the file.
    static let bufferBytes = 256 * 1_024

    private struct State {
        /// nil once finished or aborted.
        var descriptor: Int32?
        var buffer: [UInt8] = []
    }

    private let key: BlobKey
    private let temporary: String
    private let target: String
    private let folder: String
    private let state: Mutex<State>

    init(key: BlobKey, temporary: String, target: String, folder: String) throws(StoreFailure) {
        let descriptor = Glibc.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw BlobFile.failure("create", temporary) }
        // Tells a process that opens the folder meanwhile that this is no leftover.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let failure = BlobFile.failure("lock", temporary)
            Glibc.close(descriptor)
            throw failure
        }
        self.key = key
        self.temporary = temporary
        self.target = target
        self.folder = folder
        self.state = Mutex(State(descriptor: descriptor))
    }

    deinit { self.abort() }

    func append(_ bytes: UnsafeRawBufferPointer) throws(StoreFailure) {
        try self.state.withLock { (state) throws(StoreFailure) in
            guard let descriptor = state.descriptor else { throw .unavailable("the blob is closed") }
            if state.buffer.count + bytes.count >= Self.bufferBytes {
                try Self.flush(&state.buffer, to: descriptor)
            }
            if bytes.count >= Self.bufferBytes {
                try Self.write(bytes, to: descriptor)
            } else {
                if state.buffer.capacity == 0 { state.buffer.reserveCapacity(Self.bufferBytes) }
                state.buffer.append(contentsOf: bytes)
            }
        }
    }

    func finish() throws(StoreFailure) -> BlobKey {
        do throws(StoreFailure) {
            try self.makeDurable()
        } catch {
            self.abort()
            throw error
        }
        return self.key
    }

    func abort() {
        self.state.withLock { state in
            guard let descriptor = state.descriptor else { return }
            Glibc.close(descriptor)
            unlink(self.temporary)
            state.descriptor = nil
            state.buffer = []
        }
    }

    private func makeDurable() throws(StoreFailure) {
        try self.state.withLock { (state) throws(StoreFailure) in
            guard let descriptor = state.descriptor else { throw .unavailable("the blob is closed") }
            try Self.flush(&state.buffer, to: descriptor)
            guard fsync(descriptor) == 0 else { throw BlobFile.failure("sync", self.temporary) }
            if mkdir(self.folder, 0o700) == 0 {
                try BlobFile.syncFolder(String(self.folder.dropLast(3)))
            } else if errno != EEXIST {
                throw BlobFile.failure("create the folder", self.folder)
            }
            guard rename(self.temporary, self.target) == 0 else { throw BlobFile.failure("rename", self.temporary) }
            Glibc.close(descriptor)
            state.descriptor = nil
            state.buffer = []
            try BlobFile.syncFolder(self.folder)
        }
    }

    private static func flush(_ buffer: inout [UInt8], to descriptor: Int32) throws(StoreFailure) {
        let written = buffer.withUnsafeBytes { bytes in
            Result { () throws(StoreFailure) in try self.write(bytes, to: descriptor) }
        }
        try written.get()
        buffer.removeAll(keepingCapacity: true)
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws(StoreFailure) {
        var rest = bytes
        while let base = rest.baseAddress, !rest.isEmpty {
            let count = Glibc.write(descriptor, base, rest.count)
            if count >= 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            } else if errno != EINTR {
                throw BlobFile.failure("write", "a blob")
            }
        }
    }
}
