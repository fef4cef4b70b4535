import Glibc

/// A file that appears whole or not at all: written beside its place, synced, then renamed.
final class FileTarget: Sendable {
    private let path: String
    private let partial: String
    private let descriptor: Int32

    /// - Throws: `ServerFailure.file` when the folder does not take the file.
    init(_ path: String) throws(ServerFailure) {
        self.path = path
        self.partial = path + ".\(getpid()).part"
        self.descriptor = open(self.partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard self.descriptor >= 0 else { throw .file("cannot write \(path): \(SystemError.text)") }
    }

    deinit { close(self.descriptor) }

    func write(_ bytes: UnsafeRawBufferPointer) throws(ServerFailure) {
        try FileBytes.write(bytes, to: self.descriptor, name: self.path)
    }

    /// Makes the bytes durable and gives the file its name.
    func finish() throws(ServerFailure) {
        guard fsync(self.descriptor) == 0, rename(self.partial, self.path) == 0 else {
            throw .file("cannot write \(self.path): \(SystemError.text)")
        }
    }

    /// Removes what was written. For failures, instead of `finish`.
    func abort() { unlink(self.partial) }
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
