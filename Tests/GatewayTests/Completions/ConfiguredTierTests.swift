import Gateway
import GatewayTesting
import Ledger
import OpenAIWire
import Quantities
import Routing
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
        #expect(desk.scheduler.snapshot.statistics.refused[Lane.flex.rawValue] == 1)
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
        let done = desk.scheduler.snapshot.statistics
        #expect(done.refused == [0, 0, 0, 0] && done.fellBack[Lane.flex.rawValue] == 1)
        #expect(done.gone == [0, 0, 0, 0])
    }

    @Test("who waited long in one tier has the time of the next one to wait there")
    func fallbackAfterLong() async throws {
        let desk = try await Self.desk(
            [.hanging(then: .answer(CompletionDesk.answer)), .answer(CompletionDesk.answer)]
        ) { settings in Self.setFlex(&settings) { $0.patience = .seconds(3_600) } }
        _ = try desk.ask(Self.question("default"))
        let wishes = ServiceWishes(fallback: TierFallback(tier: .standard))
        let (waiting, _) = try desk.ask(Self.question("flex"), id: "req_2", wishes: wishes)
        // Longer than a standard request would have waited since it came.
        desk.clock.advance(by: .seconds(901))
        desk.scheduler.tick()
        #expect(waiting.state.error == nil && desk.scheduler.snapshot.lanes[Lane.standard.rawValue].waiting == 1)
        desk.clock.advance(by: .seconds(500))
        desk.scheduler.tick()
        desk.engine.calls[0].resume()
        #expect(waiting.state.whole != nil)
        #expect(desk.store.allCharges.last?.servedTier == .standard)
    }

    @Test("a deadline takes the cheapest tier that waits, and none that is dearer than not to wait")
    func cheapest() async throws {
        func served(_ rows: [(TierName, TierName)], timeout: Duration? = nil) async throws -> TierName? {
            let desk = try await Self.desk([.answer(CompletionDesk.answer)]) { settings in
                Self.setFlex(&settings) { $0.pricedAs = .priority }
                for (name, pricedAs) in rows {
                    settings.rows.append(
                        TierSettings.Row(
                            Tier(
                                name, lane: .flex, patience: .seconds(60), waitMax: .seconds(900),
                                pricedAs: pricedAs)))
                }
            }
            let wishes = ServiceWishes(
                clientTimeout: timeout, deadline: desk.clock.now.advanced(by: .seconds(600)))
            _ = try desk.ask(CompletionDesk.question, wishes: wishes)
            return desk.store.allCharges.first?.servedTier
        }
        #expect(try await served([]) == .standard, "flex costs more here")
        #expect(try await served([("dear", .priority), ("eco", .batch)]) == "eco")
        #expect(try await served([("eco", .batch)], timeout: .seconds(20)) == "eco")
    }

    @Test("what is kept back from a deadline is what such answers take, once that is known")
    func answerTime() async throws {
        let hanging = EngineScript.hanging(then: .answer(CompletionDesk.answer))
        let desk = try await Self.desk([hanging, hanging, hanging, .answer(CompletionDesk.answer)]) { _ in }
        func ask(_ id: RequestID) throws {
            let wishes = ServiceWishes(deadline: desk.clock.now.advanced(by: .seconds(20)))
            _ = try desk.ask(CompletionDesk.question, id: id, wishes: wishes)
        }
        for number in 0..<3 {
            try ask(RequestID("req_\(number)"))
            desk.clock.advance(by: .seconds(2))
            desk.engine.calls[number].resume()
        }
        try ask("req_last")
        #expect(desk.store.allCharges.map(\.servedTier) == [.standard, .standard, .standard, .flex])
    }

    @Test("who leaves before the deadline goes on as a standard request in half of that time")
    func deadlineBeyondPatience() async throws {
        let desk = try await Self.desk(
            [.hanging(then: .answer(CompletionDesk.answer)), .answer(CompletionDesk.answer)]) { _ in }
        _ = try desk.ask(Self.question("default"))
        let wishes = ServiceWishes(
            clientTimeout: .seconds(42), deadline: desk.clock.now.advanced(by: .seconds(1_800)))
        let (waiting, _) = try desk.ask(CompletionDesk.question, id: "req_2", wishes: wishes)
        func standardWaiting() -> Int { desk.scheduler.snapshot.lanes[Lane.standard.rawValue].waiting }
        desk.clock.advance(by: .seconds(19))
        desk.scheduler.tick()
        #expect(standardWaiting() == 0)
        desk.clock.advance(by: .seconds(1))
        desk.scheduler.tick()
        #expect(standardWaiting() == 1)
        desk.engine.calls[0].resume()
        #expect(waiting.state.whole != nil && desk.store.allCharges.last?.servedTier == .standard)
    }

    @Test("prompts that begin alike meet at one engine, others spread over all")
    func affinity() async throws {
        let desk = try await CompletionDesk(
            Array(repeating: .answer(CompletionDesk.answer), count: 40), engines: 2)
        func ask(_ text: String, more: String = "") throws -> EngineID? {
            let body = #"{"model":"m","messages":[{"role":"user","content":"\#(text)"}]\#(more)}"#
            _ = try desk.ask(body, id: RequestID("req_\(desk.engine.calls.count)"))
            return desk.engine.requests.last?.engine.id
        }
        let beginnings = (0..<8).map { number in String(repeating: "text \(number) ", count: 80) }
        let homes = try beginnings.map { try ask($0 + "one") }
        #expect(try beginnings.map { try ask($0 + "another") } == homes)
        #expect(Set(homes).count == 2)
        let named = try (0..<8).map { try ask("short", more: #","prompt_cache_key":"key \#($0)""#) }
        #expect(Set(named).count == 2)
        #expect(try (0..<8).map { try ask("another", more: #","prompt_cache_key":"key \#($0)""#) } == named)
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

    @Test("a project with three times the share gets three times the places")
    func share() async throws {
        let settings = TierSettings(rules: [.init("a", weight: 3), .init("b")])
        let desk = try await CompletionDesk(
            Array(repeating: .hanging(then: .answer(CompletionDesk.answer)), count: 80), concurrency: 1,
            tiers: settings)
        desk.tiers.learn(
            ["a", "b"].map {
                ProjectRecord(id: ProjectID("proj_\($0)"), name: $0, createdAt: desk.clock.now)
            })
        for number in 0..<40 {
            for name in ["a", "b"] {
                _ = try desk.ask(
                    #"{"model":"m","messages":[{"role":"user","content":"from \#(name)"}]}"#,
                    id: RequestID("req_\(name)_\(number)"),
                    caller: Caller(project: ProjectID("proj_\(name)"), key: "key_a"))
            }
        }
        for number in 0..<40 { desk.engine.calls[number].resume() }
        let first = desk.engine.requests.prefix(40)
        let count = first.count { String(decoding: $0.body, as: UTF8.self).contains("from a") }
        #expect((29...31).contains(count), "\(count)")
    }

    @Test("a standard request that would wait more than half a minute is refused, and charged nothing")
    func overload() async throws {
        let desk = try await CompletionDesk(
            Array(repeating: .hanging(then: .answer(CompletionDesk.answer)), count: 100), concurrency: 1)
        var asked = 0
        func ask() throws -> GatewayError? {
            asked += 1
            return try desk.ask(Self.question("default"), id: RequestID("req_\(asked)")).0.state.error
        }
        // One answer a second while others wait: so the pace is known.
        for _ in 0..<3 { _ = try ask() }
        for second in 0..<20 {
            desk.clock.advance(by: .seconds(1))
            desk.scheduler.tick()
            desk.engine.calls[second].resume()
            #expect(try ask() == nil)
        }
        var waiting = 2
        var error: GatewayError?
        while error == nil, waiting < 60 {
            error = try ask()
            waiting += 1
        }
        #expect((28...34).contains(waiting), "\(waiting) seconds")
        let refused = try #require(error)
        #expect(refused.answer.status == 429 && refused.answer.code == "server_is_overloaded")
        #expect(refused.answer.type == "rate_limit_error" && refused.source == .gateway && refused.billing == .free)
        #expect(refused.retry == .afterDelay(.seconds(5)))
        let charge = try #require(desk.store.allCharges.last)
        #expect(charge.outcome == .refused && charge.servedTier == .standard && charge.amount == .zero)
    }

    @Test("a tier in which only other models have a price is not sold, unless the operator offers it by name")
    func unpricedTier() async throws {
        let log = CapturedLog()
        var settings = TierSettings()
        settings.rows.append(.init(Tier("express", lane: .priority, patience: .seconds(1), waitMax: .seconds(1))))
        let desk = try await CompletionDesk([.answer(CompletionDesk.answer)], tiers: settings, log: log)
        let (client, _) = try desk.ask(Self.question("express"))
        let refusal = try #require(client.state.error?.answer)
        #expect(refusal.status == 400 && refusal.param == "service_tier" && refusal.code == "unpriced_tier")
        #expect(refusal.message.contains("'m'") && refusal.message.contains("offered: 'default', 'priority', 'flex'."))
        let wishes = ServiceWishes(fallback: TierFallback(tier: "express"))
        let (fallback, _) = try desk.ask(Self.question("flex"), id: "req_2", wishes: wishes)
        #expect(fallback.state.error?.answer.param == "ebb-fallback" && desk.engine.requests.isEmpty)

        settings.rows[settings.rows.count - 1].tier.models = ["m"]
        let open = try await CompletionDesk(
            [.answer(CompletionDesk.answer), .answer(CompletionDesk.answer)], tiers: settings, log: log)
        for id: RequestID in ["req_1", "req_2"] { _ = try open.ask(Self.question("express"), id: id) }
        #expect(open.store.allCharges.map(\.servedTier) == ["express", "express"])
        #expect(open.store.allCharges.allSatisfy { $0.amount == nil } && log.count("served without a price") == 1)
    }

    @Test("flex without a price is open on engines of one's own, not on bought ones", arguments: [true, false])
    func unpricedFlex(isOwned: Bool) async throws {
        let desk = try await CompletionDesk([.answer(CompletionDesk.answer)], kind: isOwned ? .vllm : .openai)
        let (client, _) = try desk.ask(Self.question("flex"))
        #expect((client.state.whole != nil) == isOwned)
        #expect(client.state.error?.answer.code == (isOwned ? nil : "unpriced_tier"))
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
