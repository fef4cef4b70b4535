/// Exact decimal text to scaled integers and back, without floating point.
public enum DecimalText {
    /// Parses `text` as a decimal (optional sign, optional exponent) scaled by 10^fractionDigits.
    ///
    /// - Throws: `malformed` when it is no number, or when digits beyond `fractionDigits` are not zero; `overflow`.
    public static func units(_ text: some StringProtocol, fractionDigits: Int) throws(QuantityError) -> Int128 {
        var digits: [UInt8] = []
        var pointShift = 0
        var sawDigit = false
        var sawPoint = false
        var negative = false
        var exponent = 0
        var bytes = Array(text.utf8)[...]
        if let first = bytes.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
            negative = first == UInt8(ascii: "-")
            bytes = bytes.dropFirst()
        }
        loop: while let byte = bytes.first {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                sawDigit = true
                digits.append(byte - UInt8(ascii: "0"))
                if sawPoint { pointShift += 1 }
            case UInt8(ascii: ".") where !sawPoint:
                sawPoint = true
            case UInt8(ascii: "_") where sawDigit:
                break
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                break loop
            default:
                throw .malformed(String(text))
            }
            bytes = bytes.dropFirst()
        }
        if !bytes.isEmpty {
            guard let value = Int(String(decoding: bytes.dropFirst(), as: UTF8.self)), value.magnitude <= 60
            else {
                throw .malformed(String(text))
            }
            exponent = value
        }
        guard sawDigit else { throw .malformed(String(text)) }
        let zeros = fractionDigits - pointShift + exponent
        if zeros < 0 {
            let cut = min(-zeros, digits.count)
            guard digits.suffix(cut).allSatisfy({ $0 == 0 }) else { throw .malformed(String(text)) }
            digits.removeLast(cut)
        }
        var value: Int128 = 0
        for digit in digits { value = try value.multiplied(by: 10).adding(Int128(digit)) }
        if value != 0 && zeros > 0 {
            for _ in 0..<zeros { value = try value.multiplied(by: 10) }
        }
        return negative ? -value : value
    }

    /// Prints `units / 10^fractionDigits` exactly, without trailing zeros beyond `minimumFractionDigits`.
    public static func text(units: Int128, fractionDigits: Int, minimumFractionDigits: Int) -> String {
        // From the last digit to the first: amounts are printed by the million, so no string is built on the way.
        var digits = Self.reversedDigits(units.magnitude)
        while digits.count <= fractionDigits { digits.append(UInt8(ascii: "0")) }
        let last = digits[..<max(0, fractionDigits - minimumFractionDigits)].prefix { $0 == UInt8(ascii: "0") }.count
        return String(unsafeUninitializedCapacity: digits.count + 2) { text in
            var count = 0
            func put(_ byte: UInt8) {
                text[count] = byte
                count += 1
            }
            if units < 0 { put(UInt8(ascii: "-")) }
            for index in (last..<digits.count).reversed() {
                if index == fractionDigits - 1 { put(UInt8(ascii: ".")) }
                put(digits[index])
            }
            return count
        }
    }

    private static func reversedDigits(_ magnitude: UInt128) -> [UInt8] {
        var digits: [UInt8] = []
        digits.reserveCapacity(48)
        var rest = magnitude
        // Divisions of 64 bits are an order of magnitude cheaper.
        while rest > UInt128(UInt64.max) {
            let (quotient, part) = rest.quotientAndRemainder(dividingBy: 1_000_000_000_000_000_000)
            var low = UInt64(part)
            for _ in 0..<18 {
                digits.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: low % 10))
                low /= 10
            }
            rest = quotient
        }
        var low = UInt64(rest)
        repeat {
            digits.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: low % 10))
            low /= 10
        } while low > 0
        return digits
    }
}
