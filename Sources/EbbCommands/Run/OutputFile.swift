import Glibc

/// A file that appears whole or not at all: written beside its place, then renamed.
final class OutputFile {
    private let path: String
    private let partial: String
    private let file: Int32
    private var isDone = false

    init(_ path: String) throws {
        self.path = path
        self.partial = "\(path).\(getpid()).partial"
        self.file = open(self.partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard self.file >= 0 else { throw Self.failure(path) }
    }

    deinit {
        close(self.file)
        if !self.isDone { unlink(self.partial) }
    }

    func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { buffer in
            do throws(ServerFailure) {
                try FileBytes.write(buffer, to: self.file, name: self.path)
            } catch { throw Self.failure(self.path) }
        }
    }

    /// Gives the file its name, after its bytes are durable.
    func finish() throws {
        guard fsync(self.file) == 0, rename(self.partial, self.path) == 0 else { throw Self.failure(self.path) }
        self.isDone = true
    }

    /// Removes a file of an earlier run that this one has no content for.
    static func remove(_ path: String) throws {
        guard unlink(path) == 0 || errno == ENOENT else { throw Self.failure(path) }
    }

    private static func failure(_ path: String) -> CommandFailure {
        CommandFailure("cannot write '\(path)': \(String(cString: strerror(errno)))", status: ExitStatus.store)
    }
}
