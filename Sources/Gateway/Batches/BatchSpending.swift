import Quantities

/// Keeps a batch's cost within its cap: money spent, and the most that the lines in flight may still cost.
///
/// Invariant: a line is dispatched only while spent + held is below the cap before it, and what is held bounds what can
/// be charged, so the overshoot is at most one line's bound.
struct BatchSpending: Sendable {
    let cap: Money?
    var spent = Money.zero
    private var held: [Int: Money] = [:]
    private var heldSum: Int128 = 0

    init(cap: Money?) { self.cap = cap }

    var hasRoom: Bool {
        guard let cap else { return true }
        return self.spent.picodollars + self.heldSum < cap.picodollars
    }

    mutating func hold(_ line: Int, _ amount: Money) {
        guard self.cap != nil else { return }
        self.release(line)
        self.held[line] = amount
        self.heldSum += amount.picodollars
    }

    mutating func release(_ line: Int) {
        if let amount = self.held.removeValue(forKey: line) { self.heldSum -= amount.picodollars }
    }

    mutating func add(_ amount: Money) { self.spent = Money(picodollars: self.spent.picodollars + amount.picodollars) }
}
