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
        return self.holds(other, at: 0)
    }

    /// True when the bytes from `offset` on are those of `other`, for which there must be room.
    @inline(__always)
    func holds(_ other: [UInt8], at offset: Int) -> Bool { other.withUnsafeBytes { self.holds($0, at: offset) } }

    /// Eight bytes at a time, since it is asked of every key and every chunk.
    @inline(__always)
    func holds(_ other: UnsafeRawBufferPointer, at offset: Int) -> Bool {
        var at = 0
        while at &+ 8 <= other.count {
            let word = other.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            if word != self.loadUnaligned(fromByteOffset: offset &+ at, as: UInt64.self) { return false }
            at &+= 8
        }
        while at < other.count {
            if other[at] != self[offset &+ at] { return false }
            at &+= 1
        }
        return true
    }
}
