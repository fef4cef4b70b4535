/// Decoding of standard base64 (RFC 4648 section 4).
enum Base64 {
    /// Byte to its six bits; 0xFF for a byte outside the alphabet.
    static let sextets: [UInt8] = {
        var table = [UInt8](repeating: 0xFF, count: 256)
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        for (value, byte) in alphabet.utf8.enumerated() { table[Int(byte)] = UInt8(value) }
        return table
    }()

    /// Appends the bytes that `range` of `source` encodes; false when it is not well-formed base64.
    ///
    /// Padding may be left out; bits that padding leaves over are not checked.
    static func decode(
        _ source: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, into target: inout [UInt8]
    ) -> Bool {
        self.sextets.withUnsafeBufferPointer { table in
            var end = range.upperBound
            var padding = 0
            while end > range.lowerBound, padding < 2, source[end - 1] == UInt8(ascii: "=") {
                end -= 1
                padding += 1
            }
            if padding > 0, (end - range.lowerBound + padding) & 3 != 0 { return false }
            var index = range.lowerBound
            var bad: UInt8 = 0
            while end - index >= 4 {
                let a = table[Int(source[index])]
                let b = table[Int(source[index + 1])]
                let c = table[Int(source[index + 2])]
                let d = table[Int(source[index + 3])]
                bad |= a | b | c | d
                target.append(a << 2 | b >> 4)
                target.append(b << 4 | c >> 2)
                target.append(c << 6 | d)
                index += 4
            }
            let rest = end - index
            if rest == 1 { return false }
            if rest >= 2 {
                let a = table[Int(source[index])]
                let b = table[Int(source[index + 1])]
                bad |= a | b
                target.append(a << 2 | b >> 4)
                if rest == 3 {
                    let c = table[Int(source[index + 2])]
                    bad |= c
                    target.append(b << 4 | c >> 2)
                }
            }
            return bad < 0x40
        }
    }
}
