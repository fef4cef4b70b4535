import Quantities

/// An exact rational number, always reduced, denominator positive.
struct Fraction: Hashable, Sendable {
    let numerator: Int128
    let denominator: Int128

    static let zero = Fraction(whole: 0)

    init(whole: Int128) {
        self.numerator = whole
        self.denominator = 1
    }

    init(_ numerator: Int128, over denominator: Int128) throws(QuantityError) {
        guard denominator > 0 else { throw .outOfRange("denominator \(denominator)") }
        if denominator == 1 {
            self.numerator = numerator
            self.denominator = 1
            return
        }
        let divisor = Fraction.greatestCommonDivisor(numerator.magnitude, denominator.magnitude)
        self.numerator = numerator / Int128(divisor)
        self.denominator = denominator / Int128(divisor)
    }

    func adding(_ other: Fraction) throws(QuantityError) -> Fraction {
        if self.denominator == 1, other.denominator == 1 {
            return Fraction(whole: try self.numerator.adding(other.numerator))
        }
        let left = try self.numerator.multiplied(by: other.denominator)
        let right = try other.numerator.multiplied(by: self.denominator)
        return try Fraction(left.adding(right), over: self.denominator.multiplied(by: other.denominator))
    }

    func multiplied(by other: Fraction) throws(QuantityError) -> Fraction {
        if self.denominator == 1, other.denominator == 1 {
            return Fraction(whole: try self.numerator.multiplied(by: other.numerator))
        }
        // Reduce crosswise first, so that exact results that fit do not overflow on the way.
        let first = try Fraction(self.numerator, over: other.denominator)
        let second = try Fraction(other.numerator, over: self.denominator)
        return try Fraction(
            first.numerator.multiplied(by: second.numerator),
            over: first.denominator.multiplied(by: second.denominator))
    }

    /// The nearest integer; a tie goes to the even one.
    var roundedHalfEven: Int128 { Fraction.divideHalfEven(self.numerator, by: self.denominator) }

    /// `numerator / denominator` to the nearest integer, a tie to the even one. `denominator` is positive.
    static func divideHalfEven(_ numerator: Int128, by denominator: Int128) -> Int128 {
        if let small = UInt64(exactly: numerator), let by = UInt64(exactly: denominator) {
            let (quotient, rest) = small.quotientAndRemainder(dividingBy: by)
            let up = rest > by - rest || (rest == by - rest && quotient & 1 == 1)
            return Int128(quotient) + (up ? 1 : 0)
        }
        var (quotient, rest) = numerator.quotientAndRemainder(dividingBy: denominator)
        if rest < 0 {
            rest += denominator
            quotient -= 1
        }
        let up = rest > denominator - rest || (rest == denominator - rest && quotient & 1 != 0)
        return up ? quotient + 1 : quotient
    }

    static func greatestCommonDivisor(_ a: UInt128, _ b: UInt128) -> UInt128 {
        var (a, b) = (a, b)
        // 64-bit division is an order of magnitude cheaper, and nearly all figures fit.
        if let small = UInt64(exactly: a), let other = UInt64(exactly: b) {
            var (x, y) = (small, other)
            while y != 0 { (x, y) = (y, x % y) }
            return UInt128(max(x, 1))
        }
        while b != 0 { (a, b) = (b, a % b) }
        return max(a, 1)
    }

    /// Picodollars as exact dollars: a decimal when it is finite, otherwise a fraction such as `17/30000`.
    var exactDollars: String {
        if self.denominator == 1 {
            return DecimalText.text(units: self.numerator, fractionDigits: 12, minimumFractionDigits: 0)
        }
        var rest = self.denominator
        var (twos, fives) = (0, 0)
        while rest % 2 == 0 {
            rest /= 2
            twos += 1
        }
        while rest % 5 == 0 {
            rest /= 5
            fives += 1
        }
        let digits = max(twos, fives)
        if rest == 1, digits <= 24 {
            let factor = (0..<digits).reduce(into: Int128(1)) { product, _ in product = product &* 10 }
            let (scaled, overflow) = self.numerator.multipliedReportingOverflow(by: factor / self.denominator)
            if !overflow {
                return DecimalText.text(units: scaled, fractionDigits: 12 + digits, minimumFractionDigits: 0)
            }
        }
        let dollars = try? Fraction(self.numerator, over: self.denominator.multiplied(by: 1_000_000_000_000))
        guard let dollars else { return "\(self.numerator)/\(self.denominator) pUSD" }
        return "\(dollars.numerator)/\(dollars.denominator)"
    }
}
