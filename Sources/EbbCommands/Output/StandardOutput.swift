import OpenAIWire

/// Standard output for data: bytes as they are, and an error instead of silence when nobody takes them.
enum StandardOutput {
    private static let descriptor: Int32 = 1
    private static let newline = UInt8(ascii: "\n")

    static func write(_ bytes: UnsafeRawBufferPointer) throws(ServerFailure) {
        try FileBytes.write(bytes, to: self.descriptor, name: "standard output")
    }

    static func line(_ text: String) throws(ServerFailure) { try self.lines([Array(text.utf8)]) }

    /// One JSON value a line.
    static func json(_ value: JSONValue) throws(ServerFailure) { try self.lines([value.encoded]) }

    /// Writes the lines together, so that a page of a list is one system call.
    static func lines(_ lines: [[UInt8]]) throws(ServerFailure) {
        var bytes: [UInt8] = []
        for line in lines {
            bytes += line
            bytes.append(self.newline)
        }
        let text = bytes
        let result = text.withUnsafeBytes { buffer in
            Result { () throws(ServerFailure) in try self.write(buffer) }
        }
        try result.get()
    }
}
