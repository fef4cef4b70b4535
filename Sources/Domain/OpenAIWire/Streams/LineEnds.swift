/// Finds line ends in words of eight bytes; the lowest mark of a word is exact (see `JSONScanner.scanString`).
enum LineEnds {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highs: UInt64 = 0x8080_8080_8080_8080

    /// The offset of the next carriage return or line feed at or after `start`, or the end.
    static func nextEnd(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var at = start
        while at &+ 16 <= bytes.count {
            let (first, second) = (self.word(bytes, at), self.word(bytes, at &+ 8))
            // Both line ends are below 16, as hardly any other byte is: one comparison passes over two words.
            let low = self.ones &* 0x10
            let small = ((first &- low) & ~first) | ((second &- low) & ~second)
            if small & self.highs != 0 {
                if let end = self.end(in: first) { return at &+ end }
                if let end = self.end(in: second) { return at &+ 8 &+ end }
            }
            at &+= 16
        }
        while at &+ 8 <= bytes.count {
            if let end = self.end(in: self.word(bytes, at)) { return at &+ end }
            at &+= 8
        }
        while at < bytes.count, bytes[at] != 0x0A, bytes[at] != 0x0D { at &+= 1 }
        return at
    }

    @inline(__always)
    private static func word(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
    }

    @inline(__always)
    private static func end(in word: UInt64) -> Int? {
        let feed = word ^ (self.ones &* 0x0A)
        let carriage = word ^ (self.ones &* 0x0D)
        let marks = (((feed &- self.ones) & ~feed) | ((carriage &- self.ones) & ~carriage)) & self.highs
        return marks == 0 ? nil : marks.trailingZeroBitCount &>> 3
    }
}
