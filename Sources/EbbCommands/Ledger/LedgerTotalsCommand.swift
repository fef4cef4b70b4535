import ArgumentParser
import Gateway
import Ledger
import OpenAIWire
import Quantities
import StoreSQLite

/// `ebb ledger totals`.
struct LedgerTotalsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "totals",
        abstract: "Sums charges by model and tier, with savings against the standard tier.",
        discussion: """
            Unpriced requests (no price for their model and tier) are counted, not summed: where all of a row are \
            unpriced, so is its amount (null in JSON), never 0. Refused ones, for which there was no room in time, are \
            counted apart: nothing ran for them.

            ebb ledger totals --since 2026-11-01 --until 2026-12-01
            """)

    @OptionGroup var options: LedgerOptions

    @Flag(help: "Print one object a model and tier, then one with the sum of all.")
    var json = false

    func run() async throws {
        try await Console.run {
            try await self.options.data.withStore { store in
                let filter = try await self.options.filter(store)
                let groups = try await store.totals(filter)
                var all = ChargeTotals()
                for group in groups { try all.add(group.totals) }
                if self.json {
                    for group in groups {
                        try StandardOutput.json(
                            try Self.json("ledger.group", group.servedModel, group.servedTier.text, group.totals))
                    }
                    return try StandardOutput.json(try Self.json("ledger.total", nil, nil, all))
                }
                var table = TextTable([
                    "MODEL", "TIER", "#REQUESTS", "#REFUSED", "#UNPRICED", "#INPUT", "#CACHED", "#OUTPUT", "#AMOUNT",
                    "#STANDARD", "#SAVED",
                ])
                try table.print(
                    try groups.map { try Self.row($0.servedModel, $0.servedTier.spoken, $0.totals) }
                        + [try Self.row("all", "", all)])
                if all.unpricedRequests > 0 {
                    let unpriced = Figures.count(all.unpricedRequests)
                    Console.error(
                        "\(unpriced) of \(Figures.count(all.requests)) requests are unpriced; the amounts are those of "
                            + "the others.")
                }
            }
        }
    }

    private static func row(_ model: String, _ tier: String, _ totals: ChargeTotals) throws -> [String] {
        let amounts = try totals.amounts
        return [
            model, tier, String(totals.requests), String(totals.refusedRequests), String(totals.unpricedRequests),
            String(totals.usage.input), String(totals.usage.cachedInput), String(totals.usage.output),
            amounts?.charged.description ?? "unpriced", amounts?.standard.description ?? "-",
            amounts?.saved.description ?? "-",
        ]
    }

    private static func json(
        _ object: String, _ model: String?, _ tier: String?, _ totals: ChargeTotals
    ) throws -> JSONValue {
        var members: [JSONValue.Member] = [.init("object", .string(object))]
        if let model { members.append(.init("model", .string(model))) }
        if let tier { members.append(.init("tier", .string(tier))) }
        members.append(.init("requests", .integer(totals.requests)))
        members.append(.init("refused_requests", .integer(totals.refusedRequests)))
        members.append(.init("unpriced_requests", .integer(totals.unpricedRequests)))
        members.append(.init("usage", UsageText.json(totals.usage)))
        func money(_ value: Money?) -> JSONValue { value.map { .string($0.decimalDollars) } ?? .null }
        let amounts = try totals.amounts
        members.append(.init("amount", money(amounts?.charged)))
        members.append(.init("list_amount", money(amounts?.standard)))
        members.append(.init("saved", money(amounts?.saved)))
        return .object(members)
    }
}

extension ChargeTotals {
    /// What is known in dollars; nil when requests came and none has a price.
    fileprivate var amounts: (charged: Money, standard: Money, saved: Money)? {
        get throws(QuantityError) {
            if self.requests > 0, self.unpricedRequests == self.requests { return nil }
            return (self.amount, self.listAmount, try self.saved)
        }
    }

    /// Adds the sums of another group.
    fileprivate mutating func add(_ other: ChargeTotals) throws(QuantityError) {
        self.requests += other.requests
        self.refusedRequests += other.refusedRequests
        self.unpricedRequests += other.unpricedRequests
        self.usage = try self.usage.adding(other.usage)
        self.amount = try self.amount.adding(other.amount)
        self.listAmount = try self.listAmount.adding(other.listAmount)
    }
}
