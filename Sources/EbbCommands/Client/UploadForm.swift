import Glibc

/// A `multipart/form-data` body (RFC 7578) whose last part is a file, read from disk while it is sent.
struct UploadForm: Sendable {
    /// Read and sent at a time.
    static let pieceBytes = 256 * 1_024

    let boundary: String
    let file: String
    /// The file's size when the form was made; nil for a pipe, which is sent in chunks and only once.
    let fileBytes: Int64?
    let head: [UInt8]
    let tail: [UInt8]

    var contentType: String { "multipart/form-data; boundary=\(self.boundary)" }
    var contentLength: Int64? { self.fileBytes.map { Int64(self.head.count) + $0 + Int64(self.tail.count) } }
    var isRepeatable: Bool { self.fileBytes != nil }

    /// - Throws: `ServerFailure.file` when the file cannot be opened.
    init(
        file: String, filename: String, fields: [(name: String, value: String)], boundary: String
    ) throws(ServerFailure) {
        let reader = try FileSource(file)
        self.file = file
        self.fileBytes = reader.size
        self.boundary = boundary
        var head = ""
        for (name, value) in fields {
            head +=
                "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(Self.escaped(name))\"\r\n\r\n\(value)\r\n"
        }
        head += "--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\(Self.escaped(filename))\""
        head += "\r\nContent-Type: application/octet-stream\r\n\r\n"
        self.head = Array(head.utf8)
        self.tail = Array("\r\n--\(boundary)--\r\n".utf8)
    }

    /// As browsers write names: quotes and line ends percent-encoded, everything else as it is.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "%22"
            case "\r": result += "%0D"
            case "\n": result += "%0A"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

/// A file that is read once from start to end; closed when it goes.
final class FileSource: Sendable {
    private let descriptor: Int32
    private let path: String
    /// nil for what has no size before its end: a pipe, a terminal.
    let size: Int64?

    init(_ path: String) throws(ServerFailure) {
        self.descriptor = open(path, O_RDONLY | O_CLOEXEC)
        self.path = path
        guard self.descriptor >= 0 else { throw .file("cannot open \(path): \(SystemError.text)") }
        // Reading nothing tells folders from files.
        guard read(self.descriptor, nil, 0) == 0 else {
            let reason = SystemError.text
            close(self.descriptor)
            throw .file("cannot read \(path): \(reason)")
        }
        let end = lseek(self.descriptor, 0, SEEK_END)
        self.size = end >= 0 ? Int64(end) : nil
        if end >= 0 { lseek(self.descriptor, 0, SEEK_SET) }
    }

    deinit { if self.descriptor >= 0 { close(self.descriptor) } }

    /// The next bytes; empty at the end.
    func next(_ count: Int) throws(ServerFailure) -> [UInt8] {
        var failure: String?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while true {
                let got = read(self.descriptor, buffer.baseAddress, count)
                if got < 0 && errno == EINTR { continue }
                if got < 0 { failure = SystemError.text }
                filled = max(got, 0)
                return
            }
        }
        if let failure { throw .file("cannot read \(self.path): \(failure)") }
        return bytes
    }
}

/// What the last failed system call said.
enum SystemError {
    static var text: String { String(cString: strerror(errno)) }
}
