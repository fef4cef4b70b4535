import Gateway
import Glibc

/// One open file, closed when nobody uses it any more. Reading does not move a position, so any thread may read.
final class BlobFile: Sendable {
    private let descriptor: Int32

    init(reading path: String) throws(StoreFailure) {
        self.descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard self.descriptor >= 0 else {
            throw errno == ENOENT ? .notFound : Self.failure("open", path)
        }
    }

    deinit { Glibc.close(self.descriptor) }

    func read(offset: Int64, count: Int) throws(StoreFailure) -> [UInt8] {
        let available = try self.size() - offset
        guard available > 0 else { return [] }
        let wanted = Int(min(Int64(count), available))
        var failure: StoreFailure?
        let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
            while filled < wanted {
                let got = pread(
                    self.descriptor, buffer.baseAddress.map { $0 + filled }, wanted - filled, off_t(offset) + filled)
                if got > 0 {
                    filled += got
                } else if got == 0 {
                    return
                } else if errno != EINTR {
                    failure = Self.failure("read", "a blob")
                    return
                }
            }
        }
        if let failure { throw failure }
        return bytes
    }

    func size() throws(StoreFailure) -> Int64 { Int64(try self.status().st_size) }

    func isRemoved() throws(StoreFailure) -> Bool { try self.status().st_nlink == 0 }

    private func status() throws(StoreFailure) -> stat {
        var status = stat()
        guard fstat(self.descriptor, &status) == 0 else { throw Self.failure("look at", "a blob") }
        return status
    }

    static func makeFolder(_ path: String) throws(StoreFailure) {
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/\(part)"
            guard mkdir(made, 0o700) == 0 || errno == EEXIST else { throw self.failure("create the folder", made) }
        }
    }

    /// A missing file is no error.
    static func remove(_ path: String) throws(StoreFailure) {
        guard unlink(path) == 0 || errno == ENOENT else { throw self.failure("remove", path) }
    }

    /// Removes a file unless its writer, in this process or another, holds a lock on it.
    static func removeUnlessLocked(_ path: String) throws(StoreFailure) {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return }
            throw self.failure("open", path)
        }
        defer { Glibc.close(descriptor) }
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { try self.remove(path) }
    }

    /// The entries of a folder, without `.` and `..`.
    static func names(in folder: String) throws(StoreFailure) -> [String] {
        guard let stream = opendir(folder) else { throw self.failure("list", folder) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: tuple.pointee)) {
                    String(cString: $0)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Makes the names in a folder durable.
    static func syncFolder(_ path: String) throws(StoreFailure) {
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw self.failure("open", path) }
        defer { Glibc.close(descriptor) }
        guard fsync(descriptor) == 0 else { throw self.failure("sync", path) }
    }

    static func failure(_ verb: String, _ path: String) -> StoreFailure {
        let code = errno
        if code == ENOSPC || code == EDQUOT { return .unavailable("the disk is full") }
        return .unavailable("cannot \(verb) \(path): \(String(cString: strerror(code)))")
    }
}
