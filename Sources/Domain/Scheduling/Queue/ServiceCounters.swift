public import Quantities

/// Fair shares by virtual token counters (Sheng et al., OSDI 2024): who has had least service for its weight is next.
///
/// A project that comes back is lifted to the least counter of those that are there, so that idle time is not saved up.
/// Charged when work is sent (its prompt), while it streams (its output) and corrected at its end; taken back when we
/// cancel it ourselves.
public struct ServiceCounters: Sendable {
    private struct Account {
        var service = 0.0
        var weight = 1.0
        /// Requests that wait or run.
        var live = 0
    }

    package init() {}

    private var accounts: [ProjectID: Account] = [:]
    /// What a newcomer starts from while nobody else is there.
    private var floor = 0.0

    package mutating func set(weight: Double, of project: ProjectID) {
        self.accounts[project, default: Account(service: self.floor)].weight = max(0.001, weight)
    }

    /// One more request of the project is there.
    package mutating func enter(_ project: ProjectID) {
        var account = self.accounts[project] ?? Account(service: self.floor)
        if account.live == 0 {
            account.service = max(account.service, self.leastActive ?? self.floor)
        }
        account.live += 1
        self.accounts[project] = account
    }

    package mutating func leave(_ project: ProjectID) {
        guard var account = self.accounts[project] else { return }
        account.live -= 1
        assert(account.live >= 0, "more work left than came")
        self.accounts[project] = account
        if account.live == 0 { self.floor = max(self.floor, account.service) }
    }

    package mutating func charge(_ units: Double, to project: ProjectID) {
        guard var account = self.accounts[project] else { return }
        account.service += units / account.weight
        self.accounts[project] = account
    }

    public func service(of project: ProjectID) -> Double { self.accounts[project]?.service ?? self.floor }

    private var leastActive: Double? {
        var least: Double?
        for account in self.accounts.values where account.live > 0 {
            least = Swift.min(least ?? account.service, account.service)
        }
        return least
    }

    /// The largest difference of service among the projects that have work.
    public var spread: Double {
        var least = Double.infinity
        var most = -Double.infinity
        for account in self.accounts.values where account.live > 0 {
            least = min(least, account.service)
            most = max(most, account.service)
        }
        return most >= least ? most - least : 0
    }

    /// Projects that are remembered.
    package var count: Int { self.accounts.count }

    /// Requests that wait or run, of all projects.
    package var live: Int { self.accounts.values.reduce(0) { $0 + $1.live } }

    /// Forgets projects without work and without a weight of their own, so that memory follows the load.
    package mutating func sweep() {
        guard self.accounts.count > 4_096 else { return }
        self.accounts = self.accounts.filter { $0.value.live > 0 || $0.value.weight != 1 }
    }
}
