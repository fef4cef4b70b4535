/// The bytes that base64 text without line breaks encodes, each decoded when it is asked for; nil behind the end or
/// where they cannot be decoded.
struct Base64Source {
    let text: ArraySlice<UInt8>

    subscript(index: Int) -> UInt8? {
        let quantum = self.text.startIndex + index / 3 * 4
        let first = quantum + index % 3
        guard index >= 0, first + 1 < self.text.endIndex else { return nil }
        let high = Base64.sextets[Int(self.text[first])]
        let low = Base64.sextets[Int(self.text[first + 1])]
        guard high < 0x40, low < 0x40 else { return nil }
        switch index % 3 {
        case 0: return high << 2 | low >> 4
        case 1: return high << 4 | low >> 2
        default: return high << 6 | low
        }
    }
}

extension Base64Source {
    func bigEndian(_ width: Int, at index: Int) -> Int? {
        var value = 0
        for offset in 0..<width {
            guard let byte = self[index + offset] else { return nil }
            value = value << 8 | Int(byte)
        }
        return value
    }

    func littleEndian(_ width: Int, at index: Int) -> Int? {
        var value = 0
        for offset in 0..<width {
            guard let byte = self[index + offset] else { return nil }
            value |= Int(byte) << (8 * offset)
        }
        return value
    }

    func holds(_ bytes: [UInt8], at index: Int) -> Bool {
        bytes.indices.allSatisfy { self[index + $0] == bytes[$0] }
    }

    func holds(_ text: StaticString, at index: Int) -> Bool {
        text.withUTF8Buffer { self.holds(Array($0), at: index) }
    }
}
