import Gateway
import GatewayTesting
import Ledger
import OpenAIWire
import Quantities
import Routing
import Scheduling
import Testing

/// What a caller's fallback, or its deadline, does about an engine that refuses (openai-api A.6).
@Suite("A request that an engine refuses and that may go on in another tier") struct EngineFallbackTests {
    static func refusal(_ status: Int, code: String = "") -> EngineScript {
        let body = #"{"error":{"message":"no","type":"x","param":null,"code":"\#(code)"}}"#
        return .failure(
            FailureClassifier.classify(
                status: status, code: code, type: "x", message: "no", retryAfter: nil, body: Array(body.utf8)))
    }

    static func desk(_ refusals: [EngineScript], kind: EngineKind, engines: Int = 1) async throws -> CompletionDesk {
        var tiers = TierSettings()
        ConfiguredTierTests.setFlex(&tiers) { $0.pricedAs = .batch }
        return try await CompletionDesk(
            refusals + [.answer(CompletionDesk.answer)], engines: engines, kind: kind, tiers: tiers)
    }

    /// What the engines were asked for, in order.
    private func asked(_ desk: CompletionDesk) throws -> [JSONValue?] {
        try desk.engine.requests.map { try JSONValue(parsing: $0.body)["service_tier"] }
    }

    struct Row: Sendable {
        let kind: EngineKind
        let status: Int
        var code = ""
        var after: Duration?
        /// Calls for flex before the one that serves.
        var refusals = 1
    }

    static let rows = [
        Row(kind: .openai, status: 429, code: "resource_unavailable"), Row(kind: .openai, status: 429),
        Row(kind: .openai, status: 429, code: "resource_unavailable", after: .seconds(30)),
        Row(kind: .openai, status: 498, code: "capacity_exceeded"), Row(kind: .vllm, status: 429),
        Row(kind: .openai, status: 503, refusals: 3),
    ]

    @Test("goes on where its caller wishes, and is charged once", arguments: rows)
    func goesOn(_ row: Row) async throws {
        let desk = try await Self.desk(
            Array(repeating: Self.refusal(row.status, code: row.code), count: row.refusals), kind: row.kind)
        desk.holds.open("proj_a", cap: try Money(decimalDollars: "1"), spent: .zero)
        let body = #"{"model":"m","messages":[{"role":"user","content":"hi"}],"service_tier":"flex","max_tokens":5}"#
        let wishes = ServiceWishes(fallback: TierFallback(tier: .standard, after: row.after))
        let (client, _) = try desk.ask(body, wishes: wishes)
        for _ in 1..<row.refusals { desk.timers.fire() }
        #expect(client.state.whole?.tier == .standard && client.state.error == nil)
        #expect(desk.timers.durations.isEmpty && desk.engine.requests.count == row.refusals + 1)
        if row.kind == .openai { #expect(try self.asked(desk).last == .string("default")) }
        #expect(desk.store.allCharges.map(\.servedTier) == [.standard])
        #expect(desk.holds.turnover.openCount == 0)
        let done = desk.scheduler.snapshot.statistics
        #expect(done.fellBack[Lane.flex.rawValue] == 1 && done.refused == [0, 0, 0, 0])
        let way = try #require(desk.history.trace(of: "req_1")).path.steps.map(\.kind)
        #expect(way.contains(.fellBack) && way.last == .ended)
    }

    @Test("asks the other engines first") func others() async throws {
        let desk = try await Self.desk([Self.refusal(429)], kind: .vllm, engines: 2)
        let wishes = ServiceWishes(fallback: TierFallback(tier: .standard))
        let (client, _) = try desk.ask(ConfiguredTierTests.question("flex"), wishes: wishes)
        #expect(client.state.whole?.tier == .flex && Set(desk.engine.requests.map(\.engine.id)).count == 2)
    }

    @Test("has all its attempts in the other tier") func attempts() async throws {
        let desk = try await Self.desk([Self.refusal(429), Self.refusal(503), Self.refusal(503)], kind: .openai)
        let wishes = ServiceWishes(fallback: TierFallback(tier: .standard))
        let (client, _) = try desk.ask(ConfiguredTierTests.question("flex"), wishes: wishes)
        desk.timers.fire()
        desk.timers.fire()
        #expect(client.state.whole?.tier == .standard)
    }

    @Test("that came too fast goes on nowhere", arguments: ["rate_limit_exceeded", "slow_down"])
    func pace(_ code: String) async throws {
        let desk = try await Self.desk(Array(repeating: Self.refusal(429, code: code), count: 3), kind: .openai)
        let wishes = ServiceWishes(fallback: TierFallback(tier: .standard))
        let (client, _) = try desk.ask(ConfiguredTierTests.question("flex"), wishes: wishes)
        desk.timers.fire()
        desk.timers.fire()
        #expect(client.state.error?.answer.code == "rate_limit_exceeded")
        #expect(desk.scheduler.snapshot.statistics.fellBack == [0, 0, 0, 0])
    }

    @Test("declines its project's rule, or does not", arguments: [true, false])
    func declined(_ isDeclined: Bool) async throws {
        var tiers = TierSettings(rules: [.init("a", policy: TierPolicy(fallback: TierFallback(tier: .standard)))])
        ConfiguredTierTests.setFlex(&tiers) { $0.pricedAs = .batch }
        let desk = try await CompletionDesk(
            [Self.refusal(429), .answer(CompletionDesk.answer), .answer(CompletionDesk.answer)], kind: .openai,
            tiers: tiers)
        var wishes = ServiceWishes()
        wishes.declinesFallback = isDeclined
        let (client, _) = try desk.ask(ConfiguredTierTests.question("flex"), wishes: wishes)
        desk.timers.fire()
        #expect(client.state.whole?.tier == (isDeclined ? .flex : .standard))
    }

    @Test("was flex by its deadline only, and is a standard one then") func deadline() async throws {
        let desk = try await Self.desk([Self.refusal(429, code: "resource_unavailable")], kind: .openai)
        let wishes = ServiceWishes(deadline: desk.clock.now.advanced(by: .seconds(600)))
        let (client, _) = try desk.ask(CompletionDesk.question, wishes: wishes)
        #expect(try self.asked(desk) == [.string("flex"), .string("default")])
        #expect(client.state.whole?.tier == .standard)
    }
}
