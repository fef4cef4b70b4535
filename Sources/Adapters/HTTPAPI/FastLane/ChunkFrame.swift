package import NIOCore

/// A chunk of HTTP/1.1 around bytes that are still being collected, so that a chunk is one buffer and one write
/// (RFC 9112, section 7.1).
///
/// Room for the longest size is left in front; the size is written right before the bytes once it is known.
package enum ChunkFrame {
    /// Sixteen hex digits and a line end.
    private static let frontRoom = 18
    /// What a frame adds to its bytes at most.
    package static let overhead = frontRoom + 2

    /// `buffer` must be empty.
    package static func begin(_ buffer: inout ByteBuffer) { buffer.writeRepeatingByte(0, count: self.frontRoom) }

    /// Leaves the whole chunk readable, or the bytes alone.
    package static func end(_ buffer: inout ByteBuffer, isChunked: Bool) {
        let start = buffer.readerIndex + self.frontRoom
        guard isChunked else {
            buffer.moveReaderIndex(to: start)
            return
        }
        var size = buffer.writerIndex - start
        precondition(size > 0, "an empty chunk would end the body")
        buffer.setInteger(UInt16(0x0D0A), at: start - 2)
        var first = start - 2
        while size > 0 {
            first -= 1
            let digit = UInt8(truncatingIfNeeded: size & 15)
            buffer.setInteger(digit < 10 ? 48 + digit : 87 + digit, at: first)
            size >>= 4
        }
        buffer.writeInteger(UInt16(0x0D0A))
        buffer.moveReaderIndex(to: first)
    }
}
