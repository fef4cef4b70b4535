public import Quantities

/// A price as an exact fraction: an amount of money for a quantity of a meter.
///
/// A fraction, because per-minute prices are no finite decimals per second ($0.017 a minute; prices-and-finops 8.1).
/// An explicit zero is a price.
public struct Rate: Hashable, Sendable {
    /// Picodollars for `quantity` units; reduced; never negative.
    public let picodollars: Int64
    /// Units that `picodollars` buys; at least 1.
    public let quantity: Int64

    /// `amount` for `quantity` units.
    ///
    /// - Throws: `outOfRange` for a negative amount or a quantity below 1, `overflow` beyond 64 bits.
    public init(_ amount: Money, per quantity: Int64) throws(QuantityError) {
        try self.init(Fraction(amount.picodollars, over: Int128(quantity)))
    }

    init(_ fraction: Fraction) throws(QuantityError) {
        guard fraction.numerator >= 0 else { throw .outOfRange("a price below zero") }
        guard let amount = Int64(exactly: fraction.numerator), let quantity = Int64(exactly: fraction.denominator)
        else { throw .overflow }
        self.picodollars = amount
        self.quantity = quantity
    }

    var fraction: Fraction {
        get throws(QuantityError) { try Fraction(Int128(self.picodollars), over: Int128(self.quantity)) }
    }

    /// This rate times `ratio`, exactly.
    public func scaled(by ratio: Ratio) throws(QuantityError) -> Rate {
        try Rate(self.fraction.multiplied(by: ratio.fraction))
    }

    /// Exact dollars for `quantity` units: `2.5`, or a fraction such as `17/60000` where no finite decimal exists.
    public func dollars(per quantity: Int64 = 1) -> String {
        let exact = try? self.fraction.multiplied(by: Fraction(whole: Int128(quantity)))
        return exact?.exactDollars ?? "\(self.picodollars)*\(quantity)/\(self.quantity) pUSD"
    }
}

/// An exact factor between prices, such as 0.5 for half price.
public struct Ratio: Hashable, Sendable {
    public let numerator: Int64
    public let denominator: Int64

    /// - Throws: `outOfRange` for a negative factor or a denominator below 1.
    public init(_ numerator: Int64, over denominator: Int64 = 1) throws(QuantityError) {
        guard numerator >= 0 else { throw .outOfRange("a factor below zero") }
        let reduced = try Fraction(Int128(numerator), over: Int128(denominator))
        self.numerator = Int64(reduced.numerator)
        self.denominator = Int64(reduced.denominator)
    }

    /// Reads a decimal such as `0.7` exactly (at most 9 decimals that matter).
    public init(decimal text: some StringProtocol) throws(QuantityError) {
        let units = try DecimalText.units(text, fractionDigits: 9)
        guard let small = Int64(exactly: units) else { throw .overflow }
        try self.init(small, over: 1_000_000_000)
    }

    var fraction: Fraction {
        get throws(QuantityError) { try Fraction(Int128(self.numerator), over: Int128(self.denominator)) }
    }
}
