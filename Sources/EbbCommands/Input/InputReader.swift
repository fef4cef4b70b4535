import Glibc

/// A regular file that is read from start to end, and again if need be.
struct InputReader {
    static let pieceBytes = 256 * 1_024

    let path: String

    /// A descriptor for reading, which the caller closes.
    func open() throws -> Int32 {
        let file = Glibc.open(self.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw CommandFailure("cannot open '\(self.path)': \(String(cString: strerror(errno)))") }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(file)
            throw CommandFailure(
                "'\(self.path)' is not a regular file; a job must be readable again when it is resumed")
        }
        return file
    }

    /// Gives the file's bytes piece by piece; `body` returns false to stop.
    func read(_ body: (UnsafeRawBufferPointer) throws -> Bool) throws {
        let pieces = InputPieces(path: self.path)
        while let piece = try pieces.next() {
            if try !piece.withUnsafeBytes({ try body($0) }) { return }
        }
    }
}
