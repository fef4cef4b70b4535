/// Lets a typed error pass through `withUnsafeBytes`.
@inline(__always)
func withJSONBytes<Result, Failure: Error>(
    _ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
) throws(Failure) -> Result {
    try bytes.withUnsafeBufferPointer { (buffer) throws(Failure) in try body(UnsafeRawBufferPointer(buffer)) }
}

extension UnsafeRawBufferPointer {
    /// A part as a buffer of its own. Slices of raw buffers are copied byte by byte, whole buffers at once.
    @inline(__always)
    func part(_ range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self[range]) }

    func equals(_ other: [UInt8]) -> Bool {
        guard self.count == other.count else { return false }
        return other.withUnsafeBytes { bytes in
            var at = 0
            while at &+ 8 <= bytes.count {
                let word = bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                if word != self.loadUnaligned(fromByteOffset: at, as: UInt64.self) { return false }
                at &+= 8
            }
            while at < bytes.count {
                if bytes[at] != self[at] { return false }
                at &+= 1
            }
            return true
        }
    }
}
