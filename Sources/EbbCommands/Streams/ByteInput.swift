#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The bytes of a file or of standard input, read piece by piece. Closed when it is let go.
package final class ByteInput {
    /// As people should see it: the path, or `standard input`.
    package let name: String
    private let descriptor: Int32
    private let isOwned: Bool

    /// Opens the file at `path`; `-` is standard input.
    package init(path: String) throws(CommandFailure) {
        if path == "-" {
            self.name = "standard input"
            self.descriptor = STDIN_FILENO
            self.isOwned = false
            return
        }
        self.name = path
        self.isOwned = true
        self.descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard self.descriptor >= 0 else {
            throw CommandFailure("\(path) cannot be opened: \(String(cString: strerror(errno)))")
        }
    }

    /// Takes over an open descriptor.
    package init(descriptor: Int32, name: String) {
        self.name = name
        self.descriptor = descriptor
        self.isOwned = true
    }

    deinit { if self.isOwned { close(self.descriptor) } }

    /// True when a person is typing.
    package var isTerminal: Bool { isatty(self.descriptor) != 0 }

    /// The next bytes, at most `limit`; empty at the end.
    package func next(atMost limit: Int) throws(CommandFailure) -> [UInt8] {
        var code: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            while true {
                let got = read(self.descriptor, buffer.baseAddress, limit)
                if got >= 0 {
                    count = got
                    return
                }
                if errno != EINTR {
                    code = errno
                    return
                }
            }
        }
        if code != 0 { throw CommandFailure("\(self.name) cannot be read: \(String(cString: strerror(code)))") }
        return bytes
    }

    /// Everything that is left; a failure beyond `limit` bytes.
    package func rest(limit: Int) throws(CommandFailure) -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let piece = try self.next(atMost: 1 << 18)
            if piece.isEmpty { return all }
            all += piece
            guard all.count <= limit else {
                throw CommandFailure("\(self.name) is larger than \(limit) bytes")
            }
        }
    }
}
