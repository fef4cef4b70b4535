import Gateway
import Ledger
import Quantities
import Testing

@Suite("Every store reads its ledger") struct LedgerStoreTests {
    @Test("filters and pages choose charges, in the order they were written", arguments: StoreKind.allCases)
    func charges(_ kind: StoreKind) async throws {
        try await kind.withStore { (store) async throws in
            for second: Int64 in 0..<6 {
                let project: ProjectID = second.isMultiple(of: 2) ? "proj_a" : "proj_b"
                let batch: BatchID? = second < 4 ? "batch_a" : nil
                let charge = Samples.charge(RequestID("req_\(second)"), project: project, batch: batch, second: second)
                _ = try await store.commit(.charge(charge))
            }
            func requests(_ filter: ChargeFilter, after: Int64 = 0, limit: Int = 99) async throws -> [RequestID] {
                try await store.charges(filter, after: after, limit: limit).map(\.charge.request)
            }
            #expect(try await requests(ChargeFilter(project: "proj_b")) == ["req_1", "req_3", "req_5"])
            #expect(try await requests(ChargeFilter(batch: "batch_a")).count == 4)
            #expect(try await requests(ChargeFilter(project: "proj_a", batch: "batch_a")) == ["req_0", "req_2"])
            #expect(try await requests(ChargeFilter(request: "req_3")) == ["req_3"])
            #expect(try await requests(ChargeFilter(project: "proj_a", request: "req_3")) == [])
            // A charge finishes one second after its start; `since` is included, `until` is not.
            let window = ChargeFilter(since: Samples.at(2), until: Samples.at(5))
            #expect(try await requests(window) == ["req_1", "req_2", "req_3"])

            let first = try await store.charges(ChargeFilter(), after: 0, limit: 4)
            let rest = try await requests(ChargeFilter(), after: first.last?.row ?? 0)
            #expect(rest == ["req_4", "req_5"])
        }
    }

    @Test("totals by model and tier are the sums of the charges", arguments: StoreKind.allCases)
    func totals(_ kind: StoreKind) async throws {
        try await kind.withStore { (store) async throws in
            var charges: [Charge] = [
                Samples.charge("req_1"), Samples.charge("req_2", amount: nil),
                Samples.charge("req_3", batch: "batch_a", line: 0), Samples.charge("req_4", amount: -7),
                Samples.refused("req_5"),
            ]
            charges[0].listAmount = nil
            charges[3].usage.isEstimated = true
            var expected: [TierName: ChargeTotals] = [:]
            for charge in charges {
                _ = try await store.commit(.charge(charge))
                try expected[charge.servedTier, default: ChargeTotals()].add(charge)
            }
            let groups = try await store.totals(ChargeFilter(project: "proj_a"))
            #expect(groups.map(\.servedTier) == [.batch, .flex])
            for group in groups { #expect(group.totals == expected[group.servedTier]) }
            #expect(groups.map(\.totals.requests) == [1, 3] && groups.map(\.totals.refusedRequests) == [0, 1])
            #expect(groups.map(\.totals.unpricedRequests) == [0, 1])
            #expect(try await store.totals(ChargeFilter(project: "proj_x")) == [])
            #expect(try await store.spent(project: "proj_a").picodollars == 3_000_000_000 - 7)
            #expect(try await store.spent(project: "proj_x") == .zero)
            _ = try await store.commit(.charge(Samples.charge("req_6", project: "proj_b")))
            let all = try await store.spent()
            #expect(all["proj_a"] == (try await store.spent(project: "proj_a")))
            #expect(all["proj_b"] == (try await store.spent(project: "proj_b")) && all["proj_b"] != nil)
            #expect(all["proj_x"] ?? .zero == .zero)
        }
    }

    @Test("refusals of one entry are counted in it, other entries stay as they are", arguments: StoreKind.allCases)
    func refusals(_ kind: StoreKind) async throws {
        try await kind.withStore { (store) async throws in
            var later = Samples.refused("req_1")
            later.finishedAt = Samples.at(50)
            for charge in [Samples.refused("req_1"), later, Samples.refused("req_1")] {
                #expect(try await store.commit(.charge(charge)) == .committed)
            }
            #expect(try await store.commit(.charge(Samples.charge("req_1"))) == .duplicate)
            #expect(try await store.commit(.charge(Samples.charge("req_2"))) == .committed)
            #expect(try await store.commit(.charge(Samples.refused("req_2"))) == .duplicate)
            let charges = try await store.charges(ChargeFilter(), after: 0, limit: 9).map(\.charge)
            #expect(charges.map(\.request) == ["req_1", "req_2"] && charges.map(\.requests) == [3, 1])
            #expect(charges[0].finishedAt == Samples.at(50) && charges[0].outcome == .refused)
            #expect(try await store.totals(ChargeFilter()).reduce(0) { $0 + $1.totals.refusedRequests } == 3)
        }
    }

    @Test("sums go beyond 64 bits", arguments: StoreKind.allCases)
    func wideSums(_ kind: StoreKind) async throws {
        try await kind.withStore { (store) async throws in
            let most = Int128(Int64.max) / 2
            for number in 0..<5 {
                let charge = Samples.charge(RequestID("req_\(number)"), amount: most)
                #expect(try await store.commit(.charge(charge)) == .committed)
            }
            #expect(try await store.totals(ChargeFilter()).map(\.totals.amount.picodollars) == [most * 5])
            #expect(try await store.totals(ChargeFilter()).map(\.totals.listAmount.picodollars) == [most * 10])
            #expect(try await store.spent(project: "proj_a").picodollars == most * 5)
        }
    }

    @Test("output statistics count answered requests by the model that was asked for", arguments: StoreKind.allCases)
    func outputStatistics(_ kind: StoreKind) async throws {
        try await kind.withStore { (store) async throws in
            for number in 0..<3 {
                _ = try await store.commit(.charge(Samples.charge(RequestID("req_\(number)"))))
            }
            var cancelled = Samples.charge("req_cancelled")
            cancelled.outcome = .cancelled
            _ = try await store.commit(.charge(cancelled))
            _ = try await store.commit(.charge(Samples.refused("req_refused")))
            #expect(
                try await store.outputStatistics(model: "small") == OutputStatistics(requests: 3, outputTokens: 60))
            #expect(try await store.outputStatistics(model: "small-2026-01-01") == nil)
        }
    }
}
