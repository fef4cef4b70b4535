public import Ledger
public import Quantities

/// Why a request waited, where it ran, what took its place and what it cost, as far as is still known.
public struct ExplainRequest: Sendable {
    public struct Explanation: Sendable {
        public let request: RequestID
        /// When it was explained.
        let at: Instant
        /// nil when memory has forgotten it, or the process has started since.
        public var trace: RequestTrace?
        /// nil when nothing was charged, or not yet.
        public var charge: Charge?

        /// How long it waited for places in all, up to now where it waits; nil where that is forgotten.
        public var waited: Duration? { self.trace?.path.waited(at: self.at) }
    }

    let history: RequestHistory
    let scheduler: WorkScheduler
    private let ledger: any LedgerStore

    public init(history: RequestHistory, scheduler: WorkScheduler, ledger: any LedgerStore) {
        self.history = history
        self.scheduler = scheduler
        self.ledger = ledger
    }

    /// - Returns: nil when the project has no such request; another project's is none.
    public func explain(_ id: RequestID, project: ProjectID) async throws(StoreFailure) -> Explanation? {
        let trace = self.history.trace(of: id) ?? self.scheduler.trace(of: id)
        if let trace, trace.project != project { return nil }
        let filter = ChargeFilter(project: project, request: id)
        let charge = try await self.ledger.charges(filter, after: 0, limit: 1).first?.charge
        if trace == nil, charge == nil { return nil }
        return Explanation(request: id, at: self.scheduler.now, trace: trace, charge: charge)
    }
}
