public import Gateway
public import Ledger
public import Quantities

extension InMemoryStore: LedgerStore {
    public func charges(
        _ filter: ChargeFilter, after: Int64, limit: Int
    ) async throws(StoreFailure) -> [(row: Int64, charge: Charge)] {
        try self.change { state in
            var page: [(row: Int64, charge: Charge)] = []
            for (index, charge) in state.charges.enumerated() where page.count < limit {
                let row = Int64(index) + 1
                if row > after, filter.admits(charge) { page.append((row: row, charge: charge)) }
            }
            return page
        }
    }

    public func totals(_ filter: ChargeFilter) async throws(StoreFailure) -> [ChargeGroup] {
        try self.change { state throws(StoreFailure) in
            var groups: [String: ChargeGroup] = [:]
            for charge in state.charges where filter.admits(charge) {
                let name = "\(charge.servedModel)\u{0}\(charge.servedTier)"
                var group =
                    groups[name]
                    ?? ChargeGroup(
                        servedModel: charge.servedModel, servedTier: charge.servedTier, totals: ChargeTotals())
                do throws(QuantityError) {
                    try group.totals.add(charge)
                } catch {
                    throw .rejected("a sum of charges does not fit: \(error)")
                }
                groups[name] = group
            }
            return groups.values.sorted { ($0.servedModel, $0.servedTier) < ($1.servedModel, $1.servedTier) }
        }
    }

    public func spent(project: ProjectID) async throws(StoreFailure) -> Money {
        try self.change { state in
            let amounts = state.charges.filter { $0.project == project }.compactMap(\.amount)
            return Money(picodollars: amounts.reduce(0) { $0 + $1.picodollars })
        }
    }

    public func spent() async throws(StoreFailure) -> [ProjectID: Money] {
        try self.change { state in
            state.charges.reduce(into: [:]) { spent, charge in
                let sum = (spent[charge.project] ?? .zero).picodollars + (charge.amount ?? .zero).picodollars
                spent[charge.project] = Money(picodollars: sum)
            }
        }
    }

    public func outputStatistics(model: String) async throws(StoreFailure) -> OutputStatistics? {
        try self.change { $0.modelOutput[model] }
    }
}

extension ChargeFilter {
    fileprivate func admits(_ charge: Charge) -> Bool {
        if let project = self.project, charge.project != project { return false }
        if let batch = self.batch, charge.batch != batch { return false }
        if let request = self.request, charge.request != request { return false }
        if let since = self.since, charge.finishedAt < since { return false }
        if let until = self.until, charge.finishedAt >= until { return false }
        return true
    }
}
