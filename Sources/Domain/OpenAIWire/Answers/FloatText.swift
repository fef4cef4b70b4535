/// Reads JSON numbers as `Float`, correctly rounded (to nearest, ties to even).
enum FloatText {
    /// Powers of ten that a `Double` holds exactly.
    private static let powers: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]

    /// The value of a validated number.
    ///
    /// Fast way: up to 19 digits as an integer, times or over an exact power of ten, in `Double`. That is off by at
    /// most two units in the last of 53 places, so its rounding to 24 places is right unless it lies that close to the
    /// middle between two floats, or is no normal float; then the slow way decides.
    static func float(_ range: Range<Int>, in bytes: UnsafeRawBufferPointer) -> Float {
        var at = range.lowerBound
        let isNegative = bytes[at] == UInt8(ascii: "-")
        if isNegative { at += 1 }
        var digits: UInt64 = 0
        var digitCount = 0
        var scale = 0
        var isFraction = false
        scan: while at < range.upperBound {
            let byte = bytes[at]
            switch byte {
            case UInt8(ascii: "."): isFraction = true
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                guard digitCount < 19 else { return self.slow(range, in: bytes) }
                digits = digits &* 10 &+ UInt64(byte &- UInt8(ascii: "0"))
                if digits > 0 { digitCount += 1 }
                if isFraction { scale -= 1 }
            default:
                guard let exponent = Int(String(decoding: bytes.part(at + 1..<range.upperBound), as: UTF8.self)) else {
                    return self.slow(range, in: bytes)
                }
                guard exponent.magnitude < 1000 else { return self.slow(range, in: bytes) }
                scale += exponent
                break scan
            }
            at += 1
        }
        if digits == 0 { return isNegative ? -0.0 : 0 }
        guard scale.magnitude <= 22 else { return self.slow(range, in: bytes) }
        let power = self.powers[Int(scale.magnitude)]
        let value = scale < 0 ? Double(digits) / power : Double(digits) * power
        let tail = value.bitPattern & 0x1FFF_FFFF
        let isNearMiddle = tail > 0x1000_0000 - 8 && tail < 0x1000_0000 + 8
        let isNormal = value >= Double(Float.leastNormalMagnitude) * 2 && value <= Double(Float.greatestFiniteMagnitude)
        guard isNormal, !isNearMiddle else { return self.slow(range, in: bytes) }
        return isNegative ? -Float(value) : Float(value)
    }

    /// The standard library's own correctly rounding reader.
    private static func slow(_ range: Range<Int>, in bytes: UnsafeRawBufferPointer) -> Float {
        Float(String(decoding: bytes.part(range), as: UTF8.self)) ?? 0
    }
}
