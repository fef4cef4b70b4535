import Gateway
import GatewayTesting
import Ledger
import OpenAIWire
import Quantities
import Scheduling
import Testing

@Suite("Requests in tiers that an operator configured") struct ConfiguredTierTests {
    static func question(_ tier: String) -> String {
        #"{"model":"m","messages":[{"role":"user","content":"hi"}],"service_tier":""# + tier + #""}"#
    }

    /// One place, and no patience for a second flex request.
    static func desk(
        _ scripts: [EngineScript], _ change: (inout TierSettings) -> Void
    ) async throws -> CompletionDesk {
        var settings = TierSettings()
        change(&settings)
        return try await CompletionDesk(scripts, concurrency: 1, tiers: settings)
    }

    static func setFlex(_ settings: inout TierSettings, _ change: (inout Tier) -> Void) {
        for index in settings.rows.indices where settings.rows[index].tier.name == .flex {
            change(&settings.rows[index].tier)
        }
    }

    @Test("flex is refused for a model that does not offer it, and nothing else changes")
    func modelWithoutFlex() async throws {
        let desk = try await Self.desk([.answer(CompletionDesk.answer)]) {
            Self.setFlex(&$0) { $0.models = ["other"] }
        }
        let (refused, _) = try desk.ask(Self.question("flex"))
        #expect(refused.state.error?.answer.param == "service_tier")
        let (served, _) = try desk.ask(Self.question("default"), id: "req_2")
        #expect(served.state.whole != nil)
    }

    @Test("a tier without patience is refused at once while no place is free, and charged nothing")
    func noPatience() async throws {
        let desk = try await Self.desk([.hanging(then: .answer(CompletionDesk.answer))]) {
            Self.setFlex(&$0) { $0.patience = .zero }
        }
        let (_, holder) = try desk.ask(Self.question("default"))
        let (refused, _) = try desk.ask(Self.question("flex"), id: "req_2")
        #expect(refused.state.error?.answer.code == "resource_unavailable")
        #expect(refused.state.error?.retry == .afterDelay(.seconds(5)))
        let charges = desk.store.allCharges
        #expect(charges.map(\.outcome) == [.refused] && charges.map(\.amount) == [.zero])
        #expect(desk.scheduler.statistics.refused[Lane.flex.rawValue] == 1)
        holder?.clientGone()
        let (waiting, _) = try desk.ask(Self.question("flex"), id: "req_3")
        #expect(waiting.state.error == nil, "the place is free again")
    }

    @Test("a client that comes again and again is one entry an hour")
    func refusedAgain() async throws {
        let desk = try await Self.desk([.hanging(then: .answer(CompletionDesk.answer))]) {
            Self.setFlex(&$0) { $0.patience = .zero }
        }
        _ = try desk.ask(Self.question("default"))
        func refuse(_ count: Int) throws {
            for number in 0..<count {
                let id = RequestID("req_\(desk.clock.now.nanoseconds)_\(number)")
                let (refused, _) = try desk.ask(Self.question("flex"), id: id)
                #expect(refused.state.error?.answer.code == "resource_unavailable")
                desk.clock.advance(by: .seconds(5))
            }
        }
        let hour = desk.clock.now.nanoseconds / 3_600_000_000_000
        desk.clock.advance(by: Instant(nanoseconds: (hour + 1) * 3_600_000_000_000).since(desk.clock.now))
        try refuse(720)
        #expect(desk.store.allCharges.map(\.requests) == [720])
        try refuse(3)
        #expect(desk.store.allCharges.map(\.requests) == [720, 3])
        let (other, _) = try desk.ask(
            Self.question("flex"), id: "req_other", caller: Caller(project: "proj_a", key: "key_other"))
        #expect(other.state.error != nil && desk.store.allCharges.map(\.requests) == [720, 3, 1])
    }

    @Test("a tier without patience goes on where its caller wishes")
    func fallback() async throws {
        let desk = try await Self.desk([.hanging(then: .answer(CompletionDesk.answer))]) { settings in
            Self.setFlex(&settings) { $0.waitMax = .zero }
            settings.rules = [.init("a", policy: TierPolicy(fallback: TierFallback(tier: .standard)))]
        }
        _ = try desk.ask(Self.question("default"))
        let (waiting, _) = try desk.ask(Self.question("flex"), id: "req_2")
        #expect(waiting.state.error == nil, "it waits as a standard request")
        let done = desk.scheduler.statistics
        #expect(done.refused == [0, 0, 0, 0] && done.fellBack[Lane.flex.rawValue] == 1)
        #expect(done.gone == [0, 0, 0, 0])
    }

    @Test("a project has its own standard tier, its share, and a warning where it does not exist")
    func policy() async throws {
        let log = CapturedLog()
        let settings = TierSettings(rules: [
            .init("a", policy: TierPolicy(standard: .priority)), .init("nobody"),
        ])
        let desk = try await CompletionDesk([.answer(CompletionDesk.answer)], tiers: settings, log: log)
        let (client, _) = try desk.ask(CompletionDesk.question)
        #expect(client.state.whole != nil)
        let charges = desk.store.allCharges
        #expect(charges.map(\.servedTier) == [.priority])
        desk.tiers.learn([])
        #expect(log.lines.count { $0.message.contains("does not exist") && $0.metadata["project"] == "nobody" } == 1)
    }

    @Test("a tier is charged by the tier of the book that it names")
    func pricedAs() async throws {
        let desk = try await Self.desk([.answer(CompletionDesk.answer)]) {
            Self.setFlex(&$0) { $0.pricedAs = .priority }
        }
        _ = try desk.ask(Self.question("flex"))
        let charge = try #require(desk.store.allCharges.first)
        #expect(charge.servedTier == .flex && charge.amount?.picodollars == 80_000_000)
    }
}
