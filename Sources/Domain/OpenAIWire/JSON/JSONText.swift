/// Turns validated JSON text into values: strings, integers, truth.
///
/// All functions expect slices that a `JSONScanner` validated over the same buffer.
public enum JSONText {
    @inline(__always)
    static func hexDigit(_ byte: UInt8) -> UInt16? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(byte &- UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(byte &- UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(byte &- UInt8(ascii: "A")) + 10
        default: nil
        }
    }

    /// The text of a string; a lone surrogate becomes U+FFFD.
    public static func string(_ slice: JSONSlice, in bytes: UnsafeRawBufferPointer) -> String {
        if !slice.isEscaped { return String(decoding: bytes.part(slice.inner), as: UTF8.self) }
        return String(decoding: self.unescaped(slice.inner, in: bytes), as: UTF8.self)
    }

    /// The UTF-8 bytes of the string whose escaped form lies in `range`; a lone surrogate becomes U+FFFD.
    public static func unescaped(_ range: Range<Int>, in bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(range.count)
        var at = range.lowerBound
        while at < range.upperBound {
            let byte = bytes[at]
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                at += 1
                continue
            }
            at += 2
            switch bytes[at - 1] {
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0C)
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "u"):
                let scalar = self.unicodeEscape(at: &at, until: range.upperBound, in: bytes)
                result.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            case let other: result.append(other)
            }
        }
        return result
    }

    /// Reads the four digits at `at`, and the second half of a surrogate pair when there is one.
    private static func unicodeEscape(
        at: inout Int, until end: Int, in bytes: UnsafeRawBufferPointer
    ) -> Unicode.Scalar {
        let first = self.codeUnit(at: at, in: bytes)
        at += 4
        if let scalar = Unicode.Scalar(first) { return scalar }
        let hasNext = at + 6 <= end && bytes[at] == UInt8(ascii: "\\") && bytes[at + 1] == UInt8(ascii: "u")
        guard first < 0xDC00, hasNext else { return "\u{FFFD}" }
        let second = self.codeUnit(at: at + 2, in: bytes)
        guard second >= 0xDC00, second <= 0xDFFF else { return "\u{FFFD}" }
        at += 6
        let value = 0x10000 + (UInt32(first - 0xD800) << 10 | UInt32(second - 0xDC00))
        return Unicode.Scalar(value) ?? "\u{FFFD}"
    }

    private static func codeUnit(at: Int, in bytes: UnsafeRawBufferPointer) -> UInt16 {
        var unit: UInt16 = 0
        for index in at..<at + 4 { unit = unit << 4 | (self.hexDigit(bytes[index]) ?? 0) }
        return unit
    }

    /// The exact value of a number that is integral and fits, also when written `5.0` or `1e3`; otherwise nil.
    public static func integer(_ slice: JSONSlice, in bytes: UnsafeRawBufferPointer) -> Int64? {
        guard slice.kind == .number, !slice.range.isEmpty else { return nil }
        var at = slice.range.lowerBound
        let isNegative = bytes[at] == UInt8(ascii: "-")
        if isNegative { at += 1 }
        // The significant digits without trailing zeros: `digits * 10^(zeros)`, then `scale` moves the point.
        var digits: UInt64 = 0
        var zeros = 0
        var scale = 0
        var isFraction = false
        while at < slice.range.upperBound {
            let byte = bytes[at]
            if byte == UInt8(ascii: ".") {
                isFraction = true
            } else if byte | 0x20 == UInt8(ascii: "e") {
                scale += self.exponent(at + 1..<slice.range.upperBound, in: bytes)
                break
            } else {
                if isFraction { scale -= 1 }
                if byte == UInt8(ascii: "0") {
                    if digits != 0 { zeros += 1 }
                } else {
                    let digit = byte &- UInt8(ascii: "0")
                    guard digit < 10, let grown = self.appending(digit, after: zeros, to: digits) else { return nil }
                    digits = grown
                    zeros = 0
                }
            }
            at += 1
        }
        if digits == 0 { return 0 }
        guard zeros + scale >= 0, let magnitude = self.scaled(digits, by: zeros + scale) else { return nil }
        if isNegative { return magnitude <= UInt64(Int64.max) + 1 ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil }
        return Int64(exactly: magnitude)
    }

    private static func appending(_ digit: UInt8, after zeros: Int, to digits: UInt64) -> UInt64? {
        guard let shifted = self.scaled(digits, by: zeros + 1) else { return nil }
        let (sum, overflow) = shifted.addingReportingOverflow(UInt64(digit))
        return overflow ? nil : sum
    }

    /// `digits * 10^power`, or nil when it does not fit.
    private static func scaled(_ digits: UInt64, by power: Int) -> UInt64? {
        if digits == 0 { return 0 }
        guard power <= 19 else { return nil }
        var result = digits
        for _ in 0..<power {
            let (product, overflow) = result.multipliedReportingOverflow(by: 10)
            if overflow { return nil }
            result = product
        }
        return result
    }

    /// The exponent, clamped to a million either way, which no 64-bit integer can bear.
    private static func exponent(_ range: Range<Int>, in bytes: UnsafeRawBufferPointer) -> Int {
        var value = 0
        var isNegative = false
        for index in range {
            let byte = bytes[index]
            if byte == UInt8(ascii: "-") { isNegative = true }
            guard byte &- UInt8(ascii: "0") < 10 else { continue }
            value = min(value * 10 + Int(byte &- UInt8(ascii: "0")), 1_000_000)
        }
        return isNegative ? -value : value
    }
}
