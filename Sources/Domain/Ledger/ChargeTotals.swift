public import Quantities

/// Sums over charges: what a receipt or a statement line shows.
public struct ChargeTotals: Hashable, Sendable {
    /// Those that something ran for.
    public var requests: Int64 = 0
    /// Turned away for want of room: nothing ran, nothing is billed.
    public var refusedRequests: Int64 = 0
    public var unpricedRequests: Int64 = 0
    public var usage = TokenUsage.zero
    public var amount = Money.zero
    /// The same usage at the standard tier, over the requests where that is known.
    public var listAmount = Money.zero

    public init() {}

    public mutating func add(_ charge: Charge) throws(QuantityError) {
        if charge.outcome == .refused {
            self.refusedRequests = try self.refusedRequests.adding(charge.requests)
            return
        }
        self.requests = try self.requests.adding(1)
        self.usage = try self.usage.adding(charge.usage)
        guard let amount = charge.amount else {
            self.unpricedRequests += 1
            return
        }
        self.amount = try self.amount.adding(amount)
        self.listAmount = try self.listAmount.adding(charge.listAmount ?? amount)
    }

    /// What waiting saved against the standard tier; zero or negative when the tier cost more.
    public var saved: Money {
        get throws(QuantityError) { try self.listAmount.subtracting(self.amount) }
    }
}
