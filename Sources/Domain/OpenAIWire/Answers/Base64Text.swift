/// Base64 with padding (RFC 4648, section 4).
package enum Base64Text {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// The JSON string that holds the encoding.
    package static func quoted(_ bytes: [UInt8]) -> [UInt8] {
        let alphabet = self.alphabet
        var result: [UInt8] = []
        result.reserveCapacity((bytes.count + 2) / 3 * 4 + 2)
        result.append(UInt8(ascii: "\""))
        var at = 0
        while at < bytes.count {
            let count = min(3, bytes.count - at)
            var group: UInt32 = 0
            for index in 0..<3 { group = group << 8 | (index < count ? UInt32(bytes[at + index]) : 0) }
            for index in 0..<4 {
                let six = Int(group >> UInt32(18 - 6 * index) & 63)
                result.append(index <= count ? alphabet[six] : UInt8(ascii: "="))
            }
            at += 3
        }
        result.append(UInt8(ascii: "\""))
        return result
    }
}
