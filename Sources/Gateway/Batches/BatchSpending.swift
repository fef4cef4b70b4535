package import Quantities

/// Keeps a batch's cost within its cap: money spent, and the most that the lines in flight may still cost.
///
/// Invariant: spent + held is at most the cap whenever a line is dispatched, the new line's own bound included. So the
/// cap holds as long as no answer costs more than its bound.
package struct BatchSpending: Sendable {
    package let cap: Money?
    /// What the ledger has charged or is about to; may pass the cap only when an answer cost more than its bound.
    package var spent = Money.zero
    private var held: [Int: Money] = [:]
    private var heldSum: Int128 = 0

    package init(cap: Money?) { self.cap = cap }

    /// Whether a line that costs at most `amount` can be dispatched now.
    package func fits(_ amount: Money) -> Bool {
        guard let cap else { return true }
        return self.spent.picodollars + self.heldSum + amount.picodollars <= cap.picodollars
    }

    /// Reserves `amount` for a line.
    ///
    /// - Returns: false, with nothing reserved, when it does not fit.
    package mutating func hold(_ line: Int, _ amount: Money) -> Bool {
        guard self.cap != nil else { return true }
        self.release(line)
        guard self.fits(amount) else { return false }
        self.held[line] = amount
        self.heldSum += amount.picodollars
        return true
    }

    package mutating func release(_ line: Int) {
        if let amount = self.held.removeValue(forKey: line) { self.heldSum -= amount.picodollars }
    }

    /// What was added was not charged in the end.
    package mutating func takeBack(_ amount: Money) {
        self.spent = Money(picodollars: self.spent.picodollars - amount.picodollars)
    }

    package mutating func add(_ amount: Money) {
        self.spent = Money(picodollars: self.spent.picodollars + amount.picodollars)
    }
}
