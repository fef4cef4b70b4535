/// Finds line ends eight bytes at a time; the lowest mark of a word is exact (see `JSONScanner.scanString`).
enum LineEnds {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highs: UInt64 = 0x8080_8080_8080_8080

    /// The offset of the next carriage return or line feed at or after `start`, or the end.
    static func nextEnd(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var at = start
        while at &+ 8 <= bytes.count {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            let feed = word ^ (self.ones &* 0x0A)
            let carriage = word ^ (self.ones &* 0x0D)
            let marks = (((feed &- self.ones) & ~feed) | ((carriage &- self.ones) & ~carriage)) & self.highs
            if marks != 0 { return at &+ marks.trailingZeroBitCount &>> 3 }
            at &+= 8
        }
        while at < bytes.count, bytes[at] != 0x0A, bytes[at] != 0x0D { at &+= 1 }
        return at
    }
}
