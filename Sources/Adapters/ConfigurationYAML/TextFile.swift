#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Reads small text files whole: the one place where this adapter touches the file system.
public enum TextFile {
    /// No configuration, price book or secret is larger; a larger file is an error.
    public static let bytesMax = 4 * 1_048_576

    /// The text of the file at `path`, which must be UTF-8.
    public static func read(_ path: String) throws(ConfigurationError) -> String {
        let place = ConfigurationError.Place(file: path)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw ConfigurationError("cannot be opened: \(Self.reason(errno))", at: place)
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = chunk.withUnsafeMutableBytes { Self.readOnce(descriptor, $0) }
            if count < 0 {
                if errno == EINTR { continue }
                throw ConfigurationError("cannot be read: \(Self.reason(errno))", at: place)
            }
            if count == 0 { break }
            bytes.append(contentsOf: chunk[0..<count])
            guard bytes.count <= bytesMax else {
                throw ConfigurationError("is larger than \(bytesMax) bytes", at: place)
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ConfigurationError("is not UTF-8 text", at: place)
        }
        return text
    }

    /// Why the file at `path` cannot be read; nil when it can.
    public static func problem(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "cannot be opened: \(Self.reason(errno))" }
        defer { close(descriptor) }
        var byte: UInt8 = 0
        let count = withUnsafeMutableBytes(of: &byte) { Self.readOnce(descriptor, $0) }
        return count < 0 && errno != EINTR ? "cannot be read: \(Self.reason(errno))" : nil
    }

    private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }

    private static func readOnce(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        #elseif canImport(Musl)
            Musl.read(descriptor, buffer.baseAddress, buffer.count)
        #elseif canImport(Darwin)
            Darwin.read(descriptor, buffer.baseAddress, buffer.count)
        #endif
    }
}
