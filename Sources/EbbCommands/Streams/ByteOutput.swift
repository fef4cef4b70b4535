#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Writes bytes to standard output or another descriptor, in large pieces.
package final class ByteOutput {
    private static let pieceBytes = 1 << 16
    private let descriptor: Int32
    private var pending: [UInt8] = []

    package init(descriptor: Int32 = STDOUT_FILENO) { self.descriptor = descriptor }

    package func write(_ bytes: some Sequence<UInt8>) throws(CommandFailure) {
        self.pending.append(contentsOf: bytes)
        if self.pending.count >= Self.pieceBytes { try self.flush() }
    }

    package func write(_ text: String) throws(CommandFailure) { try self.write(text.utf8) }

    /// Must be called at the end.
    package func flush() throws(CommandFailure) {
        let code = self.pending.withUnsafeBytes { Self.writeAll($0, to: self.descriptor) }
        self.pending.removeAll(keepingCapacity: true)
        if code != 0 { throw CommandFailure("output cannot be written: \(String(cString: strerror(code)))", status: 1) }
    }

    /// Returns 0, or the error number.
    private static func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32 {
        var done = 0
        while done < bytes.count {
            #if canImport(Glibc)
                let count = Glibc.write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
            #elseif canImport(Musl)
                let count = Musl.write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
            #elseif canImport(Darwin)
                let count = Darwin.write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
            #endif
            if count >= 0 {
                done += count
            } else if errno != EINTR {
                return errno
            }
        }
        return 0
    }
}
