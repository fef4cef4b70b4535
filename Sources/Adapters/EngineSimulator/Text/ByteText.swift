/// Appending text to bytes, for answers that are written piece by piece.
extension [UInt8] {
    @inline(__always)
    mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { self.append(contentsOf: $0) }
    }

    @inline(__always)
    mutating func append(utf8 text: String) { self.append(contentsOf: text.utf8) }

    mutating func append(decimal value: some BinaryInteger) { self.append(contentsOf: String(value).utf8) }

    /// Puts a backslash before every quote from `start` on; simulated texts need no other escape.
    mutating func escapeQuotes(from start: Int) {
        guard self[start...].contains(UInt8(ascii: "\"")) else { return }
        let tail = Array(self[start...])
        self.removeSubrange(start...)
        for byte in tail {
            if byte == UInt8(ascii: "\"") { self.append(UInt8(ascii: "\\")) }
            self.append(byte)
        }
    }
}
