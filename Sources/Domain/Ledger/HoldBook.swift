public import Quantities

/// Where an account with a cap stands.
public struct CapBalance: Hashable, Sendable {
    public var cap: Money
    public var spent: Money
    /// Held for running work: what that does not cost comes back.
    public var reserved: Money

    public init(cap: Money, spent: Money, reserved: Money) {
        self.cap = cap
        self.spent = spent
        self.reserved = reserved
    }

    /// What the cap leaves once all running work has ended, if that should cost nothing: spent money never comes back.
    public var unspent: Money { self.rest(after: self.spent.picodollars) }
    /// What can be reserved now.
    public var available: Money { self.rest(after: self.spent.picodollars + self.reserved.picodollars) }

    private func rest(after used: Int128) -> Money { Money(picodollars: max(0, self.cap.picodollars - used)) }
}

/// What was reserved and what it became, over all accounts: for display, so sums that are full stop growing.
public struct HoldTurnover: Hashable, Sendable {
    /// Of all holds that were placed, and what those that are settled cost.
    public private(set) var placed = Money.zero
    public private(set) var settled = Money.zero
    /// Reserved now.
    public private(set) var open = Money.zero
    public private(set) var openCount = 0
    /// Settlements that cost more than was held under a cap: the cap may have been passed by that much.
    public private(set) var exceededCount = 0

    public init() {}

    mutating func placed(_ amount: Money) {
        self.placed = (try? self.placed.adding(amount)) ?? self.placed
        self.open = (try? self.open.adding(amount)) ?? self.open
        self.openCount += 1
    }

    mutating func settled(_ amount: Money, actual: Money) {
        self.settled = (try? self.settled.adding(actual)) ?? self.settled
        self.open = (try? self.open.subtracting(amount)) ?? self.open
        self.openCount -= 1
    }

    mutating func exceeded() { self.exceededCount += 1 }
}

/// Money reserved before work and settled after it, against one cap per account.
///
/// `reserved` equals the sum of the open holds, and `spent + reserved <= cap` for every account with a cap whose work
/// was all held under it and cost no more than that. What costs more is counted: it was spent all the same.
public struct HoldBook<Account: Hashable & Sendable>: Sendable {
    public enum Placement: Equatable, Sendable {
        case held
        /// The cap leaves less than was asked for.
        case refused(CapBalance)
    }

    private struct Balance: Sendable {
        var cap: Money?
        var isOpen = false
        var spent = Money.zero
        var reserved = Money.zero

        mutating func settle(_ held: Money?, actual: Money) throws(QuantityError) {
            let reserved = try held.map { held throws(QuantityError) in try self.reserved.subtracting(held) }
            self.spent = try self.spent.adding(actual)
            if let reserved { self.reserved = reserved }
            precondition(self.reserved >= .zero, "reserved never falls below the open holds")
        }
    }

    private var balances: [Account: Balance] = [:]
    private var holds: [RequestID: (account: Account, amount: Money, isCapped: Bool)] = [:]
    public private(set) var turnover = HoldTurnover()

    public init() {}

    /// Opens an account or changes its cap.
    ///
    /// - Parameter spent: what the ledger held before the first settlement here. It counts once: from then on this book
    ///   knows better than a figure that was read a moment ago.
    public mutating func open(_ account: Account, cap: Money?, spent: Money) {
        var balance = self.balances[account] ?? Balance()
        if !balance.isOpen { balance.spent = spent }
        balance.isOpen = true
        balance.cap = cap
        self.balances[account] = balance
    }

    public func isOpen(_ account: Account) -> Bool { self.balances[account]?.isOpen == true }

    /// Nil for an account without a cap.
    public func balance(_ account: Account) -> CapBalance? {
        guard let balance = self.balances[account], let cap = balance.cap else { return nil }
        return CapBalance(cap: cap, spent: balance.spent, reserved: balance.reserved)
    }

    public func hasCap(_ account: Account) -> Bool { self.balances[account]?.cap != nil }

    /// Reserves `amount` for `request`, or says what is left. Accounts without a cap always hold.
    public mutating func place(
        _ request: RequestID, on account: Account, amount: Money
    ) throws(QuantityError) -> Placement {
        precondition(self.holds[request] == nil, "a request is held once")
        var balance = self.balances[account] ?? Balance()
        let reserved = try balance.reserved.adding(amount)
        if let cap = balance.cap {
            let standing = CapBalance(cap: cap, spent: balance.spent, reserved: balance.reserved)
            if amount > standing.available { return .refused(standing) }
        }
        balance.reserved = reserved
        self.balances[account] = balance
        self.holds[request] = (account, amount, balance.cap != nil)
        self.turnover.placed(amount)
        return .held
    }

    /// The hold becomes a charge of `actual` (zero when nothing ran). A request without a hold only adds to `spent`.
    ///
    /// - Returns: what was held under a cap, when it cost more than that.
    @discardableResult
    public mutating func settle(
        _ request: RequestID, on account: Account, actual: Money
    ) throws(QuantityError) -> Money? {
        let hold = self.holds.isEmpty ? nil : self.holds[request]
        if let place = self.balances.index(forKey: account) {
            try self.balances.values[place].settle(hold?.amount, actual: actual)
        } else {
            var balance = Balance()
            try balance.settle(hold?.amount, actual: actual)
            self.balances[account] = balance
        }
        guard let hold else { return nil }
        self.holds[request] = nil
        self.turnover.settled(hold.amount, actual: actual)
        guard hold.isCapped, actual > hold.amount else { return nil }
        self.turnover.exceeded()
        return hold.amount
    }

    public func spent(_ account: Account) -> Money { self.balances[account]?.spent ?? .zero }
    package func reserved(_ account: Account) -> Money { self.balances[account]?.reserved ?? .zero }
    package var openHolds: Int { self.holds.count }
}
