public import Quantities

/// Fair shares by virtual token counters (Sheng et al., OSDI 2024): who has had least service for its weight is next.
///
/// A project that begins to wait is lifted to the least counter of those that wait, so that a time with little work is
/// not saved up, also when something of it ran all the while.
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
        var waiting = 0
        var running = 0

        var isIdle: Bool { self.waiting + self.running == 0 && self.weight == 1 }
    }

    package init() {}

    private var accounts: [Account] = []
    private var places: [ProjectID: Int] = [:]
    /// Places whose projects were forgotten.
    private var free: [Int] = []
    /// Projects of which something waits.
    private var waitingProjects = 0
    /// What a newcomer starts from while nobody else waits.
    private var floor = 0.0

    /// Weights are multiples of this, so that a sum of them is exact and does not depend on the order.
    private static let weightStep = 1.0 / 65_536

    package mutating func set(weight: Double, of project: ProjectID) {
        let steps = (max(0.001, weight) / Self.weightStep).rounded()
        self.accounts[self.open(project)].weight = steps * Self.weightStep
    }

    /// The project's account, a new one where it has none. It is forgotten unless work enters it.
    package mutating func open(_ project: ProjectID) -> Int {
        if let place = self.places[project] { return place }
        let account = Account(project: project, service: min(self.floor, self.leastWaiting ?? self.floor))
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

    /// One more request of the project waits.
    ///
    /// - Returns: its account.
    @discardableResult
    package mutating func enter(_ project: ProjectID) -> Int {
        let place = self.open(project)
        self.enter(place)
        return place
    }

    package mutating func enter(_ account: Int) {
        if self.accounts[account].waiting == 0 {
            // One unit less, so that who comes back is next among equals.
            let least = self.leastWaiting.map { $0 - 1 } ?? self.floor
            self.accounts[account].service = max(self.accounts[account].service, least)
            self.waitingProjects += 1
        }
        self.accounts[account].waiting += 1
    }

    /// A waiting request of the project was sent.
    package mutating func sent(_ account: Int) {
        self.ran(account)
        self.leaveQueue(account)
    }

    /// One more piece of the project's work runs that did not wait here by itself: a batch's line.
    package mutating func ran(_ account: Int) { self.accounts[account].running += 1 }

    /// A running request lost its place and waits again. What it was charged is taken back after this.
    package mutating func returned(_ account: Int) {
        self.enter(account)
        self.ended(account)
    }

    /// A running piece of work is over.
    package mutating func ended(_ account: Int) {
        self.accounts[account].running -= 1
        assert(self.accounts[account].running >= 0, "more work ended than began")
    }

    /// A request no longer waits.
    package mutating func leaveQueue(_ account: Int) {
        self.accounts[account].waiting -= 1
        assert(self.accounts[account].waiting >= 0, "more work left than came")
        guard self.accounts[account].waiting == 0 else { return }
        self.waitingProjects -= 1
        self.floor = max(self.floor, self.accounts[account].service)
    }

    package mutating func charge(_ units: Double, to account: Int) {
        self.accounts[account].service += units / self.accounts[account].weight
    }

    /// nil for a project that is not remembered.
    package func account(of project: ProjectID) -> Int? { self.places[project] }

    func project(of account: Int) -> ProjectID { self.accounts[account].project }

    func weight(of account: Int) -> Double { self.accounts[account].weight }

    func weight(of project: ProjectID) -> Double { self.places[project].map { self.accounts[$0].weight } ?? 1 }

    func service(of account: Int) -> Double { self.accounts[account].service }

    public func service(of project: ProjectID) -> Double {
        self.places[project].map { self.accounts[$0].service } ?? self.floor
    }

    private var leastWaiting: Double? {
        guard self.waitingProjects > 0 else { return nil }
        var least: Double?
        for account in self.accounts where account.waiting > 0 {
            least = Swift.min(least ?? account.service, account.service)
        }
        return least
    }

    /// The largest difference of service among the projects whose work waits: others may have less, they want no more.
    public var spread: Double {
        var least = Double.infinity
        var most = -Double.infinity
        for account in self.accounts where account.waiting > 0 {
            least = min(least, account.service)
            most = max(most, account.service)
        }
        return most >= least ? most - least : 0
    }

    /// The service of projects that have work, in no order: who asks holds a lock that requests wait for.
    package var standings: [(project: ProjectID, service: Double)] {
        self.accounts.lazy.filter { $0.waiting + $0.running > 0 }.map { ($0.project, $0.service) }
    }

    /// Projects that are remembered.
    package var count: Int { self.places.count }

    /// Requests of all projects.
    package var waiting: Int { self.accounts.reduce(0) { $0 + $1.waiting } }
    package var running: Int { self.accounts.reduce(0) { $0 + $1.running } }

    /// Forgets projects without work and without a weight of their own, so that memory follows the load.
    package mutating func sweep() {
        guard self.places.count > 4_096 else { return }
        let idle = self.places.filter { self.accounts[$0.value].isIdle }
        for (project, place) in idle {
            self.places[project] = nil
            self.free.append(place)
        }
    }
}
