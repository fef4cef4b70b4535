/// Numbers in lower-case hex digits, with leading zeros.
enum HexText {
    /// All 16 digits of a number.
    static func of(_ number: UInt64) -> String {
        String(unsafeUninitializedCapacity: 16) { bytes in
            var count = 0
            self.write(number, to: bytes, at: &count)
            return count
        }
    }

    /// The lowest digits of a number, to memory that is not initialized yet.
    static func write(
        _ number: UInt64, digits: Int = 16, to bytes: UnsafeMutableBufferPointer<UInt8>, at count: inout Int
    ) {
        var shift = UInt64(digits * 4)
        while shift > 0 {
            shift -= 4
            let nibble = UInt8(truncatingIfNeeded: number &>> shift) & 15
            bytes.initializeElement(at: count, to: nibble < 10 ? 48 + nibble : 87 + nibble)
            count += 1
        }
    }
}
