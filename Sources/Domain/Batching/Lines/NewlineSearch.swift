/// Finds line feeds eight bytes at a time.
enum NewlineSearch {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highs: UInt64 = 0x8080_8080_8080_8080
    private static let newlines: UInt64 = 0x0A0A_0A0A_0A0A_0A0A

    /// A word whose lowest set bit marks the first line feed of `word`, zero when there is none.
    @inline(__always)
    private static func marks(_ word: UInt64) -> UInt64 {
        let zeroed = word ^ self.newlines
        return (zeroed &- self.ones) & ~zeroed & self.highs
    }

    @inline(__always)
    private static func load(_ base: UnsafeRawPointer, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// The offset of the first line feed from `start` on, or nil.
    static func first(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard let base = bytes.baseAddress else { return nil }
        let end = bytes.count
        var offset = start
        while offset + 32 <= end {
            let a = self.marks(self.load(base, offset))
            let b = self.marks(self.load(base, offset + 8))
            let c = self.marks(self.load(base, offset + 16))
            let d = self.marks(self.load(base, offset + 24))
            if a | b | c | d != 0 {
                if a != 0 { return offset + a.trailingZeroBitCount / 8 }
                if b != 0 { return offset + 8 + b.trailingZeroBitCount / 8 }
                if c != 0 { return offset + 16 + c.trailingZeroBitCount / 8 }
                return offset + 24 + d.trailingZeroBitCount / 8
            }
            offset += 32
        }
        while offset < end {
            if base.load(fromByteOffset: offset, as: UInt8.self) == 0x0A { return offset }
            offset += 1
        }
        return nil
    }
}
