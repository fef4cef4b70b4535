import Gateway
import Glibc

/// The data folder on disk: paths, modes and the lock files.
///
/// Locks are `flock`s: the kernel drops them with the process, so that a crash never leaves one behind.
struct StoreFolder: Sendable {
    let path: String

    var database: String { self.path + "/ebb.sqlite" }
    private var openingLock: String { self.path + "/opening.lock" }
    private var servingLock: String { self.path + "/serving.lock" }

    /// Creates the folder (0700) and the empty database file (0600: SQLite gives its log the same mode).
    func prepare() throws(StoreFailure) {
        var made = self.path.hasPrefix("/") ? "" : "."
        for part in self.path.split(separator: "/") {
            made += "/\(part)"
            guard mkdir(made, 0o700) == 0 || errno == EEXIST else {
                throw .unavailable("cannot create the folder \(made): \(Self.reason())")
            }
        }
        let file = Glibc.open(self.database, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .unavailable("cannot open \(self.database): \(Self.reason())") }
        Glibc.close(file)
    }

    /// Runs `body` while no other process opens or migrates the same folder.
    func whileOpening<Value>(_ body: () throws(StoreFailure) -> Value) throws(StoreFailure) -> Value {
        let file = try self.openLockFile(self.openingLock)
        defer { Glibc.close(file) }
        while flock(file, LOCK_EX) != 0 {
            guard errno == EINTR else { throw .unavailable("cannot lock \(self.openingLock): \(Self.reason())") }
        }
        return try body()
    }

    /// Takes the folder for serving; the lock lives as long as the returned descriptor is open.
    func lockForServing() throws(StoreFailure) -> Int32 {
        let file = try self.openLockFile(self.servingLock)
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let holder = self.processNamed(in: file)
            Glibc.close(file)
            throw .locked("the data folder \(self.path) is already being served by \(holder)")
        }
        let text = "\(getpid())\n"
        guard ftruncate(file, 0) == 0, pwrite(file, text, text.utf8.count, 0) == text.utf8.count else {
            let reason = Self.reason()
            Glibc.close(file)
            throw .unavailable("cannot write \(self.servingLock): \(reason)")
        }
        return file
    }

    private func openLockFile(_ path: String) throws(StoreFailure) -> Int32 {
        let file = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .unavailable("cannot open \(path): \(Self.reason())") }
        return file
    }

    private func processNamed(in file: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 20)
        let count = pread(file, &bytes, bytes.count, 0)
        guard count > 0 else { return "another process" }
        let digits = bytes.prefix(count).prefix { (48...57).contains($0) }
        return digits.isEmpty ? "another process" : "process \(String(decoding: digits, as: UTF8.self))"
    }

    private static func reason() -> String { String(cString: strerror(errno)) }
}
