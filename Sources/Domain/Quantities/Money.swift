/// An exact amount of US dollars in integer picodollars (1e-12 USD).
///
/// One picodollar is fine enough for every published token price (the smallest real rate is about 2,500 picodollars
/// a token). `Int128` holds sums over any ledger; a single charge is stored in 64 bits (9.2 million USD), which
/// `storedPicodollars` checks.
public struct Money: Hashable, Sendable, Comparable {
    /// Picodollars in one dollar.
    public static let picodollarsPerDollar: Int128 = 1_000_000_000_000
    public static let zero = Money(picodollars: 0)

    public let picodollars: Int128

    @inlinable
    public init(picodollars: Int128) { self.picodollars = picodollars }

    /// Whole dollars.
    public init(dollars: Int64) { self.picodollars = Int128(dollars) * Money.picodollarsPerDollar }

    @inlinable
    public static func < (a: Money, b: Money) -> Bool { a.picodollars < b.picodollars }

    public func adding(_ other: Money) throws(QuantityError) -> Money {
        Money(picodollars: try self.picodollars.adding(other.picodollars))
    }

    public func subtracting(_ other: Money) throws(QuantityError) -> Money {
        Money(picodollars: try self.picodollars.subtracting(other.picodollars))
    }

    /// The amount as a 64-bit column holds it; `overflow` beyond about 9.2 million USD.
    public var storedPicodollars: Int64 {
        get throws(QuantityError) {
            guard let value = Int64(exactly: self.picodollars) else { throw .overflow }
            return value
        }
    }
}

extension Money: CustomStringConvertible {
    /// Exact decimal dollars without trailing zeros: `0.005615`, `1440`, `-0.5`.
    public var decimalDollars: String {
        DecimalText.text(units: self.picodollars, fractionDigits: 12, minimumFractionDigits: 0)
    }

    /// Dollars with a sign for people: at least two decimals, exact: `$0.005615`, `$1440.00`.
    public var description: String {
        let text = DecimalText.text(units: self.picodollars, fractionDigits: 12, minimumFractionDigits: 2)
        return text.hasPrefix("-") ? "-$" + text.dropFirst() : "$" + text
    }

    /// Reads decimal dollars: `0.10`, `12`, `1.5e-07`. More than 12 decimals are an error, never a rounding.
    public init(decimalDollars text: some StringProtocol) throws(QuantityError) {
        self.picodollars = try DecimalText.units(text, fractionDigits: 12)
    }
}
