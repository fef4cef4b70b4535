import Gateway
import GatewayTesting
import Ledger
import OpenAIWire
import Pricing
import Quantities
import Scheduling
import Testing

/// `m` has prices as standard and priority request, none as flex.
@Suite("Nothing without a price is served under a spend cap") struct CapAndPriceTests {
    private func desk(book: PriceBook? = nil, tiers: TierSettings = TierSettings()) async throws -> CompletionDesk {
        let desk = try await CompletionDesk([.answer(CompletionDesk.answer)], tiers: tiers, book: book)
        desk.holds.open("proj_a", cap: try Money(decimalDollars: "0.5"), spent: .zero)
        return desk
    }

    private func question(_ tier: String) -> String {
        #"{"model":"m","service_tier":"\#(tier)","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#
    }

    @Test(
        "each tier that may serve needs a price, not one of them",
        arguments: [
            ("default", "flex", false), ("flex", "default", false), ("priority", "flex", false),
            ("default", "priority", true), ("priority", "default", true),
        ])
    func fallback(_ asked: String, _ fallback: String, isServed: Bool) async throws {
        let desk = try await self.desk()
        let wishes = ServiceWishes(fallback: TierFallback(tier: TierName(fallback)))
        let (client, _) = try desk.ask(self.question(asked), wishes: wishes)
        #expect(client.state.error?.answer.code == (isServed ? nil : "unpriced_model"))
        #expect(desk.engine.requests.count == (isServed ? 1 : 0))
        #expect(desk.store.allCharges.allSatisfy { $0.amount != nil })
    }

    @Test("a project's rule to fall back is no way around its cap") func policy() async throws {
        var settings = TierSettings()
        settings.rules = [.init("a", policy: TierPolicy(fallback: TierFallback(tier: .standard)))]
        let desk = try await self.desk(tiers: settings)
        let (client, _) = try desk.ask(self.question("flex"))
        #expect(client.state.error?.answer.code == "unpriced_model" && desk.engine.requests.isEmpty)
    }

    @Test("a deadline does not lead to a tier without a price") func deadline() async throws {
        let wishes = ServiceWishes(deadline: ManualClock().now.advanced(by: .seconds(600)))
        let capped = try await self.desk()
        _ = try capped.ask(CompletionDesk.question, wishes: wishes)
        #expect(capped.store.allCharges.map(\.servedTier) == [.standard])
        #expect(capped.store.allCharges.allSatisfy { $0.amount != nil })
    }

    @Test("the price of the client's name is none for an engine's model that the book knows without one")
    func name() async throws {
        let prices = TierPrices([
            .input: try Rate(try Money(decimalDollars: "1"), per: 1_000_000),
            .output: try Rate(try Money(decimalDollars: "2"), per: 1_000_000),
        ])
        func book(_ tier: TierName) throws -> PriceBook {
            try PriceBook(
                version: "test",
                entries: [
                    PriceEntry(provider: "own", models: ["m"], tiers: [.standard: prices]),
                    PriceEntry(provider: "own", models: ["engine-m"], tiers: [tier: prices]),
                ])
        }
        for (tier, isServed) in [(TierName.batch, false), (.standard, true)] {
            let desk = try await self.desk(book: book(tier))
            let (client, _) = try desk.ask(self.question("default"))
            #expect(client.state.error?.answer.code == (isServed ? nil : "unpriced_model"))
            #expect(desk.store.allCharges.count == (isServed ? 1 : 0))
        }
    }
}
