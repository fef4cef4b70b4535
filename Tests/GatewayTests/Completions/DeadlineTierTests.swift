import Gateway
import GatewayTesting
import Ledger
import Quantities
import Scheduling
import Testing

@Suite("Requests with a deadline, by what is known of their waits") struct DeadlineTierTests {
    static let scripts = [EngineScript](repeating: .hanging(then: .answer(CompletionDesk.answer)), count: 60)

    /// One place that takes five seconds for an answer, measured, and standard requests in front of it.
    static func busy(waiting: Int, _ change: (inout TierSettings) -> Void = { _ in }) async throws -> CompletionDesk {
        var settings = TierSettings()
        change(&settings)
        let desk = try await CompletionDesk(Self.scripts, concurrency: 1, tiers: settings)
        for number in 0..<(8 + waiting) { _ = try desk.ask(CompletionDesk.question, id: RequestID("req_\(number)")) }
        for number in 0..<7 {
            for _ in 0..<10 {
                desk.clock.advance(by: .milliseconds(500))
                desk.scheduler.tick()
            }
            desk.engine.calls[number].resume()
        }
        return desk
    }

    /// The lane in which a request with such a deadline waits.
    static func lane(
        _ desk: CompletionDesk, deadline: Int64, timeout: Duration? = nil, body: String = CompletionDesk.question
    ) throws -> Lane? {
        func waiting() -> [Int] { desk.scheduler.snapshot.lanes.map(\.waiting) }
        let before = waiting()
        let wishes = ServiceWishes(
            clientTimeout: timeout, deadline: desk.clock.now.advanced(by: .seconds(deadline)))
        _ = try desk.ask(body, id: "req_last", wishes: wishes)
        let after = waiting()
        return Lane.allCases.first { after[$0.rawValue] > before[$0.rawValue] }
    }

    @Test(
        "a deadline before which the standard tier has no place takes the dearer one that has",
        arguments: [(Int64(20), Lane.priority), (34, .priority), (45, .standard), (75, .flex), (600, .flex)])
    func priority(deadline: Int64, lane: Lane) async throws {
        // Five times five seconds until it would be its turn in either lane, ten kept back for the answer: of 45 s flex
        // would have ten, which are not enough.
        let desk = try await Self.busy(waiting: 4)
        #expect(try Self.lane(desk, deadline: deadline) == lane)
    }

    @Test("where no tier is in time, or none is offered, it is the standard one")
    func nothingBetter() async throws {
        let desk = try await Self.busy(waiting: 4) { settings in
            for index in settings.rows.indices where settings.rows[index].tier.name == .priority {
                settings.rows[index].tier.models = ["other"]
            }
        }
        #expect(try Self.lane(desk, deadline: 20) == .standard)
        #expect(try Self.lane(try await Self.busy(waiting: 4), deadline: 5) == .standard)
        #expect(try Self.lane(try await Self.busy(waiting: 0), deadline: 20) == .flex, "it would be its turn in time")
    }

    @Test(
        "where the money left does not pay for the dearer tier the request waits as it would without a deadline",
        arguments: [("0.01", Lane.priority), ("0.002", .standard), ("0.001", nil)])
    func money(left: String, lane: Lane?) async throws {
        // At most 0.0013 dollars as a standard request, with the longest chat template; four times as much otherwise.
        let body = #"{"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":100}"#
        let desk = try await Self.busy(waiting: 4)
        desk.holds.open("proj_a", cap: try Money(decimalDollars: left), spent: .zero)
        #expect(try Self.lane(desk, deadline: 20, body: body) == lane)
    }

    @Test("flex is left early enough for the standard tier's own wait")
    func spare() async throws {
        let desk = try await Self.busy(waiting: 4)
        #expect(try Self.lane(desk, deadline: 75) == .flex)
        func flex() -> Int { desk.scheduler.snapshot.lanes[Lane.flex.rawValue].waiting }
        // Of 75 s ten are the answer's and 25 the wait's.
        desk.clock.advance(by: .seconds(5))
        desk.scheduler.tick()
        #expect(flex() == 1)
        desk.clock.advance(by: .seconds(38))
        desk.scheduler.tick()
        #expect(flex() == 0)
    }

    @Test("an answer that may be long is not taken to be that long")
    func longLimit() async throws {
        let desk = try await CompletionDesk(Self.scripts, concurrency: 1)
        let question = #"{"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":100000}"#
        for number in 0..<4 {
            let wishes = ServiceWishes(deadline: desk.clock.now.advanced(by: .seconds(30)))
            _ = try desk.ask(question, id: RequestID("req_\(number)"), wishes: wishes)
            desk.clock.advance(by: .seconds(2))
            desk.engine.calls[number].resume()
        }
        #expect(desk.store.allCharges.map(\.servedTier) == [.standard, .standard, .standard, .flex])
    }
}
