public import Quantities

/// Fair shares by virtual token counters (Sheng et al., OSDI 2024): who has had least service for its weight is next.
///
/// A project that begins to wait is lifted to the least counter of those that wait, so that a time with little work is
/// not saved up, also when something of it ran all the while.
/// Charged when work is sent (its prompt), while it streams (its output) and corrected at its end; taken back when we
/// cancel it ourselves.
public struct ServiceCounters: Sendable {
    private struct Account {
        var service = 0.0
        var weight = 1.0
        var waiting = 0
        var running = 0
        var live: Int { self.waiting + self.running }
    }

    package init() {}

    private var accounts: [ProjectID: Account] = [:]
    /// What a newcomer starts from while nobody else waits.
    private var floor = 0.0

    package mutating func set(weight: Double, of project: ProjectID) {
        self.accounts[project, default: Account(service: self.floor)].weight = max(0.001, weight)
    }

    /// One more request of the project waits.
    package mutating func enter(_ project: ProjectID) {
        var account = self.accounts[project] ?? Account(service: self.floor)
        if account.waiting == 0 {
            // One unit less, so that who comes back is next among equals.
            account.service = max(account.service, self.leastWaiting.map { $0 - 1 } ?? self.floor)
        }
        account.waiting += 1
        self.accounts[project] = account
    }

    /// A waiting request of the project was sent.
    package mutating func sent(_ project: ProjectID) {
        self.ran(project)
        self.leaveQueue(project)
    }

    /// One more piece of the project's work runs that did not wait here by itself: a batch's line.
    package mutating func ran(_ project: ProjectID) {
        self.accounts[project, default: Account(service: self.floor)].running += 1
    }

    /// A running request lost its place and waits again. What it was charged is taken back after this.
    package mutating func returned(_ project: ProjectID) {
        self.enter(project)
        self.ended(project)
    }

    /// A running piece of work is over.
    package mutating func ended(_ project: ProjectID) {
        guard var account = self.accounts[project] else { return }
        account.running -= 1
        assert(account.running >= 0, "more work ended than began")
        self.accounts[project] = account
    }

    /// A request no longer waits.
    package mutating func leaveQueue(_ project: ProjectID) {
        guard var account = self.accounts[project] else { return }
        account.waiting -= 1
        assert(account.waiting >= 0, "more work left than came")
        self.accounts[project] = account
        if account.waiting == 0 { self.floor = max(self.floor, account.service) }
    }

    package mutating func charge(_ units: Double, to project: ProjectID) {
        guard var account = self.accounts[project] else { return }
        account.service += units / account.weight
        self.accounts[project] = account
    }

    public func service(of project: ProjectID) -> Double { self.accounts[project]?.service ?? self.floor }

    private var leastWaiting: Double? {
        var least: Double?
        for account in self.accounts.values where account.waiting > 0 {
            least = Swift.min(least ?? account.service, account.service)
        }
        return least
    }

    /// The largest difference of service among the projects whose work waits: others may have less, they want no more.
    public var spread: Double {
        var least = Double.infinity
        var most = -Double.infinity
        for account in self.accounts.values where account.waiting > 0 {
            least = min(least, account.service)
            most = max(most, account.service)
        }
        return most >= least ? most - least : 0
    }

    /// Projects that are remembered.
    package var count: Int { self.accounts.count }

    /// Requests of all projects.
    package var waiting: Int { self.accounts.values.reduce(0) { $0 + $1.waiting } }
    package var running: Int { self.accounts.values.reduce(0) { $0 + $1.running } }

    /// Forgets projects without work and without a weight of their own, so that memory follows the load.
    package mutating func sweep() {
        guard self.accounts.count > 4_096 else { return }
        self.accounts = self.accounts.filter { $0.value.waiting + $0.value.running > 0 || $0.value.weight != 1 }
    }
}
