/// What can go wrong with a number that has a unit. A wrap-around is never silent.
public enum QuantityError: Error, Equatable, Sendable {
    /// The result does not fit the type.
    case overflow
    /// The text is not a number of the expected form.
    case malformed(String)
    /// The value lies outside the range that its type allows.
    case outOfRange(String)
}

extension FixedWidthInteger {
    /// `self + other`, or `QuantityError.overflow`.
    @inlinable
    public func adding(_ other: Self) throws(QuantityError) -> Self {
        let (value, overflow) = self.addingReportingOverflow(other)
        if overflow { throw .overflow }
        return value
    }

    /// `self - other`, or `QuantityError.overflow`.
    @inlinable
    public func subtracting(_ other: Self) throws(QuantityError) -> Self {
        let (value, overflow) = self.subtractingReportingOverflow(other)
        if overflow { throw .overflow }
        return value
    }

    /// `self * other`, or `QuantityError.overflow`.
    @inlinable
    public func multiplied(by other: Self) throws(QuantityError) -> Self {
        let (value, overflow) = self.multipliedReportingOverflow(by: other)
        if overflow { throw .overflow }
        return value
    }
}
