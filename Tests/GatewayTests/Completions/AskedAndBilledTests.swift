import Gateway
import GatewayTesting
import Ledger
import OpenAIWire
import Quantities
import Routing
import Scheduling
import Testing

@Suite("What an engine is asked, and what is billed") struct AskedAndBilledTests {
    private func sent(_ desk: CompletionDesk) throws -> JSONValue {
        try JSONValue(parsing: try #require(desk.engine.requests.last).body)
    }

    @Test("stream as-asked sends what the client asked") func asAsked() async throws {
        let desk = try await CompletionDesk([.answer(CompletionDesk.answer), .stream(CompletionDesk.chunks)])
        _ = try desk.ask(CompletionDesk.question)
        #expect(try self.sent(desk)["stream"] != .bool(true))
        #expect(desk.engine.requests.last?.isStream == false)
        _ = try desk.ask(CompletionDesk.streamed, id: "req_2")
        #expect(try self.sent(desk)["stream"] == .bool(true))
        #expect(desk.engine.requests.last?.isStream == true)
    }

    /// An engine that leaves the connection open after its last event.
    static let unended = EngineScript(Array(EngineScript.stream(CompletionDesk.chunks).steps.dropLast()) + [.hang])

    @Test("an answer is whole with its last event, whether the connection goes on or not")
    func unended() async throws {
        let desk = try await CompletionDesk([Self.unended], stream: .always)
        let (client, _) = try desk.ask(CompletionDesk.question)
        let answer = try JSONValue(parsing: try #require(client.state.whole).body)
        #expect(answer["choices"]?.array?.first?["message"]?["content"]?.string == "yes")
        desk.engine.calls[0].resume()
        #expect(desk.store.allCharges.map(\.usage.output) == [5])

        let lines = try await BatchDesk([Self.unended, Self.unended], stream: .always)
        try await lines.running {
            let id = try await lines.submit(lines: 2)
            #expect(await lines.exit() == .ended)
            #expect(try await lines.batch(id).completedLines == 2)
        }
        #expect(lines.store.allCharges.map(\.usage.output) == [5, 5])
    }

    @Test("stream always asks for one, whatever the client asked") func always() async throws {
        let desk = try await CompletionDesk([.stream(CompletionDesk.chunks)], stream: .always)
        _ = try desk.ask(CompletionDesk.question)
        #expect(try self.sent(desk)["stream"] == .bool(true))
        #expect(desk.engine.requests.last?.isStream == true)
    }

    @Test(
        "a limit under its newer name reaches an engine that reads the older one only (openai-api 5.1)",
        arguments: [
            (#""max_completion_tokens":7"#, "7", nil), (#""max_completion_tokens":7,"max_tokens":null"#, "7", "null"),
            (#""max_completion_tokens":7,"max_tokens":9"#, "9", "9"), (#""max_tokens":9"#, "9", "9"),
            (#""max_completion_tokens":null"#, nil, nil),
        ] as [(String, String?, String?)])
    func limits(_ limits: String, ollama: String?, others: String?) async throws {
        for kind in EngineKind.allCases {
            let desk = try await CompletionDesk([.answer(CompletionDesk.answer)], kind: kind)
            _ = try desk.ask(String(CompletionDesk.question.dropLast()) + ",\(limits)}")
            let limit = try self.sent(desk)["max_tokens"].map { String(decoding: $0.encoded, as: UTF8.self) }
            #expect(limit == (kind == .ollama ? ollama : others), "\(kind)")
        }
    }

    @Test("store is not forwarded as true (openai-api 5.6)", arguments: EngineKind.allCases)
    func store(_ kind: EngineKind) async throws {
        for (value, sent) in [("true", nil), ("false", JSONValue.bool(false)), ("null", .null)] {
            let desk = try await CompletionDesk([.answer(CompletionDesk.answer)], kind: kind)
            let (client, _) = try desk.ask(String(CompletionDesk.question.dropLast()) + #","store":\#(value)}"#)
            #expect(client.state.whole?.status == 200)
            let body = try self.sent(desk)
            #expect(body["store"] == sent && body["top_k"] == .number("5"))
        }
    }

    @Test(
        "a row of the operator's own is asked of a seller by its lane, since no seller knows its name",
        arguments: [("eco", "flex"), ("vip", "priority"), ("priority", "priority"), ("fast", "fast")])
    func operatorsTier(_ asked: String, _ sent: String) async throws {
        var settings = TierSettings()
        for (name, lane) in [("eco", Lane.flex), ("vip", .priority)] {
            settings.rows.append(
                .init(
                    Tier(
                        TierName(name), lane: lane, patience: .seconds(30), waitMax: .seconds(600),
                        pricedAs: .priority)))
        }
        let desk = try await CompletionDesk([.answer(CompletionDesk.answer)], kind: .openai, tiers: settings)
        _ = try desk.ask(String(CompletionDesk.question.dropLast()) + #","service_tier":"\#(asked)"}"#)
        #expect(try self.sent(desk)["service_tier"] == .string(sent))
    }

    @Test("a usage of zero is a zero, no missing one (prices-and-finops 8.2 rule 7)")
    func zero() async throws {
        let answer = CompletionDesk.answer.replacing(
            #""prompt_tokens":10,"completion_tokens":5,"total_tokens":15"#,
            with: #""prompt_tokens":0,"completion_tokens":0,"total_tokens":0"#)
        let desk = try await CompletionDesk([.answer(answer)])
        _ = try desk.ask(CompletionDesk.question)
        let charge = try #require(desk.store.allCharges.first)
        #expect(!charge.usage.isEstimated && charge.usage.total == 0 && charge.amount == .zero)
    }

    @Test("a whole answer without usage is charged by an estimate, and flagged as one (8.3/34)")
    func estimated() async throws {
        let answer =
            #"{"id":"c1","object":"chat.completion","model":"engine-m","choices":[{"index":0,"message":"#
            + #"{"role":"assistant","content":"\#(String(repeating: "word ", count: 40))"},"finish_reason":"stop"}]}"#
        let desk = try await CompletionDesk([.answer(answer)])
        let (client, _) = try desk.ask(CompletionDesk.question)
        #expect(client.state.whole != nil)
        let charge = try #require(desk.store.allCharges.first)
        #expect(desk.store.allCharges.count == 1 && charge.outcome == .answered)
        #expect(charge.usage.isEstimated && charge.usage.input > 0 && charge.usage.output > 0)
        #expect(try #require(charge.amount) > Money.zero)
    }

    @Test("what was asked for and what served are both in the charge; it is priced by what served") func tiers()
        async throws
    {
        let desk = try await CompletionDesk([.answer(CompletionDesk.answer)])
        let (client, _) = try desk.ask(String(CompletionDesk.question.dropLast()) + #","service_tier":"auto"}"#)
        let whole = try #require(client.state.whole)
        #expect(String(decoding: whole.body, as: UTF8.self).contains(#""service_tier":"default""#))
        let charge = try #require(desk.store.allCharges.first)
        #expect(charge.requestedTier == "auto" && charge.servedTier == .standard)
        #expect(charge.amount == (try Money(decimalDollars: "0.00002")))
    }

    @Test("log lines about a request name it as the client did") func clientID() async throws {
        let log = CapturedLog()
        let fault = EngineFailure(.fault, status: 500, message: "broken")
        let desk = try await CompletionDesk([.failure(fault), .answer(CompletionDesk.answer)], engines: 2, log: log)
        _ = try desk.ask(CompletionDesk.question, clientID: "mine-1")
        #expect(log.lines.map(\.message) == ["engine call failed"])
        #expect(log.lines.first?.metadata["client.request.id"] == "mine-1")
        #expect(log.lines.first?.metadata["request.id"] == "req_1")
    }
}
