/// The printable scalars by which byte-level vocabularies write bytes (GPT-2's table).
///
/// Printable Latin-1 stands for itself; the other 68 bytes are U+0100 and onwards in ascending order.
enum ByteLevelAlphabet {
    /// Scalar to byte for scalars below U+0144; 0xFFFF for scalars that stand for no byte.
    private static let bytes: [UInt16] = {
        var table = [UInt16](repeating: 0xFFFF, count: 0x144)
        var next = 0x100
        for byte in 0..<256 {
            let isPrintable = (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE
            table[isPrintable ? byte : next] = UInt16(byte)
            if !isPrintable { next += 1 }
        }
        return table
    }()

    /// Appends the bytes that `text` writes; false when a scalar of it stands for no byte.
    static func append(_ text: some StringProtocol, to target: inout [UInt8]) -> Bool {
        for scalar in text.unicodeScalars {
            guard scalar.value < self.bytes.count, self.bytes[Int(scalar.value)] < 256 else { return false }
            target.append(UInt8(self.bytes[Int(scalar.value)]))
        }
        return true
    }
}
