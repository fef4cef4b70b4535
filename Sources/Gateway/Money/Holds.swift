public import Ledger
public import Logging
public import Quantities
import Synchronization

/// The hold book behind a lock: reserves the most that a request may cost, settles what it did cost.
public final class Holds: Sendable {
    public typealias Placement = HoldBook<ProjectID>.Placement

    /// A batch whose next line does not fit.
    private struct Waiter {
        /// The least that it needs.
        let amount: Money
        /// Whether this much may come back from running work.
        let mayComeBack: Bool
        let wake: @Sendable () -> Void

        init(_ amount: Money, _ balance: CapBalance, wake: @escaping @Sendable () -> Void) {
            self.amount = amount
            self.mayComeBack = amount <= balance.unspent
            self.wake = wake
        }

        /// There is room, or what it waits for has changed.
        func isOver(_ balance: CapBalance?) -> Bool {
            guard let balance else { return true }
            return self.amount <= balance.available || (self.amount <= balance.unspent) != self.mayComeBack
        }
    }

    private struct State {
        var book = HoldBook<ProjectID>()
        var waiters: [ProjectID: [BatchID: Waiter]] = [:]

        /// Takes out the waiters of a project whose account has changed and who are to look again.
        mutating func woken(_ project: ProjectID) -> [Waiter] {
            if self.waiters.isEmpty { return [] }
            guard let waiting = self.waiters[project] else { return [] }
            let balance = self.book.balance(project)
            let still = waiting.filter { !$0.value.isOver(balance) }
            self.waiters[project] = still.isEmpty ? nil : still
            return waiting.filter { still[$0.key] == nil }.map(\.value)
        }
    }

    private let state = Mutex(State())

    private let logger: Logger

    public init(logger: Logger) { self.logger = logger }

    func isOpen(_ project: ProjectID) -> Bool { self.state.withLock { $0.book.isOpen(project) } }

    /// - Parameter spent: what the ledger held before this process charged the project anything; it counts once.
    public func open(_ project: ProjectID, cap: Money?, spent: Money) {
        let woken = self.state.withLock { state in
            state.book.open(project, cap: cap, spent: spent)
            return state.woken(project)
        }
        for waiter in woken { waiter.wake() }
    }

    public func hasCap(_ project: ProjectID) -> Bool { self.state.withLock { $0.book.hasCap(project) } }

    /// Nil for a project without a cap.
    func balance(_ project: ProjectID) -> CapBalance? { self.state.withLock { $0.book.balance(project) } }

    /// Reserves the money, or says what the project's cap leaves.
    public func place(_ request: RequestID, project: ProjectID, amount: Money) -> Placement {
        self.state.withLock { state in
            if let placement = try? state.book.place(request, on: project, amount: amount) { return placement }
            // A sum that cannot be counted fits under no cap.
            return .refused(
                state.book.balance(project) ?? CapBalance(cap: .zero, spent: .zero, reserved: .zero))
        }
    }

    /// Calls once when `amount` fits under the project's cap, or when it can no longer, or can again, come back from
    /// running work. One call for each batch, the last one that was asked for.
    package func whenRoom(
        _ batch: BatchID, project: ProjectID, amount: Money, wake: @escaping @Sendable () -> Void
    ) {
        let isThere = self.state.withLock { state -> Bool in
            guard let balance = state.book.balance(project), amount > balance.available else { return true }
            state.waiters[project, default: [:]][batch] = Waiter(amount, balance, wake: wake)
            return false
        }
        if isThere { wake() }
    }

    /// The batch does not wait any more.
    package func forget(_ batch: BatchID, project: ProjectID) {
        self.state.withLock { state in
            state.waiters[project]?[batch] = nil
            if state.waiters[project]?.isEmpty == true { state.waiters[project] = nil }
        }
    }

    public func settle(_ request: RequestID, project: ProjectID, actual: Money) {
        let (exceeded, woken) = self.state.withLock { state in
            // An overflow of 128 bits of picodollars cannot come from real prices; the ledger row is the truth either
            // way.
            let exceeded = try? state.book.settle(request, on: project, actual: actual)
            return (exceeded, state.woken(project))
        }
        for waiter in woken { waiter.wake() }
        guard let held = exceeded ?? nil else { return }
        self.logger.error(
            "work cost more than was held for it",
            metadata: [
                "request": "\(request)", "project": "\(project)", "held_usd": "\(held.decimalDollars)",
                "cost_usd": "\(actual.decimalDollars)",
            ])
    }

    public var turnover: HoldTurnover { self.state.withLock { $0.book.turnover } }

    package func spent(_ project: ProjectID) -> Money { self.state.withLock { $0.book.spent(project) } }
}
