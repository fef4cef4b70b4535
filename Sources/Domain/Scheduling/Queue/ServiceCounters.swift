public import Quantities

/// Fair shares by virtual token counters (Sheng et al., OSDI 2024): who has had least service for its weight is next.
///
/// A project that comes back is lifted to the least counter of those that are there, so that idle time is not saved up.
/// Charged when work is sent (its prompt), while it streams (its output) and corrected at its end; taken back when we
/// cancel it ourselves.
///
/// A project has an account: its place in a list, so that its text is hashed once for each request that comes. The
/// place is the project's as long as it has work.
public struct ServiceCounters: Sendable {
    private struct Account {
        var project: ProjectID
        var service = 0.0
        var weight = 1.0
        /// Requests that wait or run.
        var live = 0
    }

    package init() {}

    private var accounts: [Account] = []
    private var places: [ProjectID: Int] = [:]
    /// Places whose projects were forgotten.
    private var free: [Int] = []
    /// What a newcomer starts from while nobody else is there.
    private var floor = 0.0

    package mutating func set(weight: Double, of project: ProjectID) {
        self.accounts[self.open(project)].weight = max(0.001, weight)
    }

    /// The project's account, a new one where it has none.
    private mutating func open(_ project: ProjectID) -> Int {
        if let place = self.places[project] { return place }
        let account = Account(project: project, service: self.floor)
        let place: Int
        if let free = self.free.popLast() {
            place = free
            self.accounts[place] = account
        } else {
            place = self.accounts.count
            self.accounts.append(account)
        }
        self.places[project] = place
        return place
    }

    /// One more request of the project is there.
    ///
    /// - Returns: its account.
    @discardableResult
    package mutating func enter(_ project: ProjectID) -> Int {
        let place = self.open(project)
        if self.accounts[place].live == 0 {
            // One unit less, so that who comes back is next among equals.
            let least = self.leastActive.map { $0 - 1 } ?? self.floor
            self.accounts[place].service = max(self.accounts[place].service, least)
        }
        self.accounts[place].live += 1
        return place
    }

    /// One more request of a project that has work.
    package mutating func enter(_ account: Int) { self.accounts[account].live += 1 }

    package mutating func leave(_ account: Int) {
        self.accounts[account].live -= 1
        assert(self.accounts[account].live >= 0, "more work left than came")
        if self.accounts[account].live == 0 { self.floor = max(self.floor, self.accounts[account].service) }
    }

    package mutating func charge(_ units: Double, to account: Int) {
        self.accounts[account].service += units / self.accounts[account].weight
    }

    /// nil for a project that is not remembered.
    package func account(of project: ProjectID) -> Int? { self.places[project] }

    func project(of account: Int) -> ProjectID { self.accounts[account].project }

    func service(of account: Int) -> Double { self.accounts[account].service }

    public func service(of project: ProjectID) -> Double {
        self.places[project].map { self.accounts[$0].service } ?? self.floor
    }

    private var leastActive: Double? {
        var least: Double?
        for account in self.accounts where account.live > 0 {
            least = Swift.min(least ?? account.service, account.service)
        }
        return least
    }

    /// The largest difference of service among the projects that have work.
    public var spread: Double {
        var least = Double.infinity
        var most = -Double.infinity
        for account in self.accounts where account.live > 0 {
            least = min(least, account.service)
            most = max(most, account.service)
        }
        return most >= least ? most - least : 0
    }

    /// Projects that are remembered.
    package var count: Int { self.places.count }

    /// Requests that wait or run, of all projects.
    package var live: Int { self.accounts.reduce(0) { $0 + $1.live } }

    /// Forgets projects without work and without a weight of their own, so that memory follows the load.
    package mutating func sweep() {
        guard self.places.count > 4_096 else { return }
        let idle = self.places.filter { self.accounts[$0.value].live == 0 && self.accounts[$0.value].weight == 1 }
        for (project, place) in idle {
            self.places[project] = nil
            self.free.append(place)
        }
    }
}
