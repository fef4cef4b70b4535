import Glibc

/// The pieces of a file, for readers that must wait in between.
final class InputPieces {
    private let path: String
    private var file: Int32 = -1

    init(path: String) { self.path = path }

    deinit { if self.file >= 0 { close(self.file) } }

    /// The next piece; nil at the end.
    func next() throws -> [UInt8]? {
        if self.file < 0 { self.file = try InputReader(path: self.path).open() }
        var failed = false
        let piece = [UInt8](unsafeUninitializedCapacity: InputReader.pieceBytes) { buffer, count in
            var got = Glibc.read(self.file, buffer.baseAddress, buffer.count)
            while got < 0, errno == EINTR { got = Glibc.read(self.file, buffer.baseAddress, buffer.count) }
            failed = got < 0
            count = max(got, 0)
        }
        if failed { throw CommandFailure("cannot read '\(self.path)': \(String(cString: strerror(errno)))") }
        return piece.isEmpty ? nil : piece
    }
}
