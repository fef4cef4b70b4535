import Glibc
import Synchronization

/// A file that appears whole or not at all: written beside its place, synced, then renamed.
///
/// Let go before it is finished, it leaves nothing behind. A device or a pipe of that name is written to as it is: a
/// file in its place would take it from everybody else.
final class OutputFile: Sendable {
    private let path: String
    private let partial: String
    private let descriptor: Int32
    private let isStream: Bool
    private let isFinished = Atomic(false)

    /// - Parameter mode: who may read it, before the process's mask.
    init(_ path: String, mode: mode_t = 0o644) throws(ServerFailure) {
        self.path = path
        self.partial = "\(path).\(getpid()).part"
        self.isStream = Self.facts(path).map { ![S_IFREG, S_IFDIR].contains($0.st_mode & S_IFMT) } ?? false
        self.descriptor =
            self.isStream
            ? open(path, O_WRONLY | O_CLOEXEC)
            : open(self.partial, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode)
        guard self.descriptor >= 0 else { throw Self.failure(path) }
    }

    deinit {
        close(self.descriptor)
        if !self.isStream, !self.isFinished.load(ordering: .relaxed) { unlink(self.partial) }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(ServerFailure) {
        try FileBytes.write(bytes, to: self.descriptor, name: self.path)
    }

    func write(_ bytes: [UInt8]) throws(ServerFailure) {
        try bytes.withUnsafeBufferPointer { (buffer) throws(ServerFailure) in
            try self.write(UnsafeRawBufferPointer(buffer))
        }
    }

    /// Makes the bytes durable and gives the file its name.
    func finish() throws(ServerFailure) {
        if self.isStream { return }
        guard fsync(self.descriptor) == 0, rename(self.partial, self.path) == 0 else { throw Self.failure(self.path) }
        self.isFinished.store(true, ordering: .relaxed)
    }

    /// Removes a file of an earlier run that this one has no content for.
    static func remove(_ path: String) throws(ServerFailure) {
        guard unlink(path) == 0 || errno == ENOENT else { throw Self.failure(path) }
    }

    /// Whether two paths lead to one file that is there.
    static func isSame(_ path: String, as other: String) -> Bool {
        guard let one = Self.facts(path), let two = Self.facts(other) else { return false }
        return one.st_dev == two.st_dev && one.st_ino == two.st_ino
    }

    private static func facts(_ path: String) -> stat? {
        var facts = stat()
        return stat(path, &facts) == 0 ? facts : nil
    }

    private static func failure(_ path: String) -> ServerFailure { .file("cannot write \(path): \(SystemError.text)") }
}

enum FileBytes {
    /// Writes all bytes, in as many calls as it takes.
    static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, name: String) throws(ServerFailure) {
        var offset = 0
        while offset < bytes.count {
            let written = Glibc.write(descriptor, bytes.baseAddress.map { $0 + offset }, bytes.count - offset)
            if written < 0 && errno == EINTR { continue }
            if written < 0 && errno == EPIPE { throw .outputClosed }
            guard written > 0 else { throw .file("cannot write \(name): \(SystemError.text)") }
            offset += written
        }
    }
}
