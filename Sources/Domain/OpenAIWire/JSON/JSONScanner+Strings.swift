extension JSONScanner {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highs: UInt64 = 0x8080_8080_8080_8080
    private static let quotes: UInt64 = 0x2222_2222_2222_2222
    private static let backslashes: UInt64 = 0x5C5C_5C5C_5C5C_5C5C
    private static let spaces: UInt64 = 0x2020_2020_2020_2020

    /// From the opening quote to behind the closing one; true when the string contains an escape.
    ///
    /// Eight bytes at a time, and 32 where the first eight are plain, as in long texts.
    @inline(__always)
    mutating func scanString() throws(JSONError) -> Bool {
        var at = self.offset + 1
        var isEscaped = false
        while true {
            while at &+ 8 <= self.count {
                let marks = self.marks(at)
                if marks != 0 {
                    at &+= marks.trailingZeroBitCount &>> 3
                    break
                }
                at &+= 8
                while at &+ 32 <= self.count,
                    self.marks(at) | self.marks(at &+ 8) | self.marks(at &+ 16) | self.marks(at &+ 24) == 0
                {
                    at &+= 32
                }
            }
            guard at < self.count else { throw JSONError(offset: at, reason: .unexpectedEnd) }
            let byte = self.bytes[at]
            if byte == UInt8(ascii: "\"") {
                self.offset = at &+ 1
                return isEscaped
            }
            if byte >= 0x80 {
                at = try self.validateUTF8(from: at)
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
                at = try self.validateEscape(at)
            } else if byte < 0x20 {
                throw JSONError(offset: at, reason: .controlCharacter)
            } else {
                at &+= 1
            }
        }
    }

    /// The high bit of a byte is set where the byte is a quote, a backslash, below 0x20 or not ASCII. Borrows can only
    /// spoil bytes above a marked one, and only the lowest mark is used.
    @inline(__always)
    private func marks(_ at: Int) -> UInt64 {
        let word = UInt64(littleEndian: self.bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
        return
            (((word ^ Self.quotes) &- Self.ones) | ((word ^ Self.backslashes) &- Self.ones)
            | (word &- Self.spaces) | word) & Self.highs
    }

    /// The offset behind the escape that starts at `at`.
    private func validateEscape(_ at: Int) throws(JSONError) -> Int {
        guard at + 1 < self.count else { throw JSONError(offset: at, reason: .unexpectedEnd) }
        switch self.bytes[at + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return at + 2
        case UInt8(ascii: "u"):
            guard at + 6 <= self.count else { throw JSONError(offset: at, reason: .unexpectedEnd) }
            for index in at + 2..<at + 6 where JSONText.hexDigit(self.bytes[index]) == nil {
                throw JSONError(offset: at, reason: .invalidEscape)
            }
            return at + 6
        default:
            throw JSONError(offset: at, reason: .invalidEscape)
        }
    }

    /// The offset of the first ASCII byte at or after `start`; overlong forms, surrogates and values above U+10FFFF
    /// are refused (Unicode 16, table 3-7).
    private func validateUTF8(from start: Int) throws(JSONError) -> Int {
        var at = start
        while at < self.count {
            let lead = self.bytes[at]
            if lead < 0x80 { return at }
            let length: Int
            var low: UInt8 = 0x80
            var high: UInt8 = 0xBF
            switch lead {
            case 0xC2...0xDF: length = 2
            case 0xE0...0xEF:
                length = 3
                if lead == 0xE0 { low = 0xA0 } else if lead == 0xED { high = 0x9F }
            case 0xF0...0xF4:
                length = 4
                if lead == 0xF0 { low = 0x90 } else if lead == 0xF4 { high = 0x8F }
            default: throw JSONError(offset: at, reason: .invalidUTF8)
            }
            guard at &+ length <= self.count else { throw JSONError(offset: at, reason: .invalidUTF8) }
            let second = self.bytes[at &+ 1]
            guard second >= low, second <= high else { throw JSONError(offset: at, reason: .invalidUTF8) }
            if length > 2, self.bytes[at &+ 2] & 0xC0 != 0x80 { throw JSONError(offset: at, reason: .invalidUTF8) }
            if length > 3, self.bytes[at &+ 3] & 0xC0 != 0x80 { throw JSONError(offset: at, reason: .invalidUTF8) }
            at &+= length
        }
        return at
    }
}
