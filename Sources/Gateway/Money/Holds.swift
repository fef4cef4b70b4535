import Ledger
public import Quantities
import Synchronization

/// The hold book behind a lock: reserves the most that a request may cost, settles what it did cost.
public final class Holds: Sendable {
    private let book = Mutex(HoldBook<ProjectID>())

    public init() {}

    public func open(_ project: ProjectID, cap: Money?, spent: Money) {
        self.book.withLock { $0.open(project, cap: cap, spent: spent) }
    }

    public func hasCap(_ project: ProjectID) -> Bool { self.book.withLock { $0.hasCap(project) } }

    /// True when the money is reserved; false when the project's cap leaves too little.
    public func place(_ request: RequestID, project: ProjectID, amount: Money) -> Bool {
        self.book.withLock { book in
            guard let placement = try? book.place(request, on: project, amount: amount) else { return false }
            return placement == .held
        }
    }

    public func settle(_ request: RequestID, project: ProjectID, actual: Money) {
        // An overflow of 128 bits of picodollars cannot come from real prices; the ledger row is the truth either way.
        self.book.withLock { try? $0.settle(request, on: project, actual: actual) }
    }

    package func spent(_ project: ProjectID) -> Money { self.book.withLock { $0.spent(project) } }
}
