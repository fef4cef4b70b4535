import Gateway
import GatewayTesting
import Ledger
import OpenAIWire
import Quantities
import Routing
import Scheduling
import Testing

/// What a client sees when an engine refuses (openai-api A.6).
@Suite("A refusal of an engine") struct EngineRefusalTests {
    struct Row: Sendable {
        let tier: String
        let engineCode: String
        let status: Int
        let code: String
    }

    static let rows = [
        Row(tier: "flex", engineCode: "resource_unavailable", status: 429, code: "resource_unavailable"),
        Row(tier: "flex", engineCode: "", status: 429, code: "resource_unavailable"),
        Row(tier: "flex", engineCode: "rate_limit_exceeded", status: 429, code: "rate_limit_exceeded"),
        Row(tier: "default", engineCode: "rate_limit_exceeded", status: 429, code: "rate_limit_exceeded"),
        Row(tier: "default", engineCode: "slow_down", status: 429, code: "rate_limit_exceeded"),
        Row(tier: "default", engineCode: "", status: 429, code: "rate_limit_exceeded"),
        Row(tier: "default", engineCode: "insufficient_quota", status: 502, code: "engine_billing"),
    ]

    @Test("with 429 keeps its meaning, and costs nothing", arguments: rows) func meaning(_ row: Row) async throws {
        let code = row.engineCode.isEmpty ? "null" : "\"\(row.engineCode)\""
        let body = #"{"error":{"message":"org-1: no","type":"x","param":null,"code":\#(code)}}"#
        let failure = FailureClassifier.classify(
            status: 429, code: row.engineCode, type: "x", message: "org-1: no", retryAfter: .seconds(10),
            body: Array(body.utf8))
        var tiers = TierSettings()
        ConfiguredTierTests.setFlex(&tiers) { $0.pricedAs = .batch }
        let desk = try await CompletionDesk([.failure(failure)], kind: .openai, tiers: tiers)
        let question = String(CompletionDesk.question.dropLast()) + #","service_tier":"\#(row.tier)"}"#
        let (client, _) = try desk.ask(question)
        let error = try #require(client.state.error)
        #expect(error.answer.status == row.status && error.answer.code == row.code)
        #expect(error.billing == .free)
        let isRefusal = row.code == "resource_unavailable"
        #expect(desk.store.allCharges.map(\.outcome) == (isRefusal ? [.refused] : []))
        #expect(desk.store.allCharges.allSatisfy { $0.amount == .zero && $0.servedTier == .flex })
        #expect(desk.scheduler.snapshot.statistics.refused[Lane.flex.rawValue] == (isRefusal ? 1 : 0))
        #expect(!error.answer.message.contains("org-1") && !error.answer.message.contains("credentials"))
    }

    @Test("of flex says to come again in 5 to 60 seconds, whatever the engine says", arguments: [0, 2, 30, 1_000])
    func delay(_ seconds: Int64) async throws {
        let failure = EngineFailure(.capacity, status: 429, message: "no", retryAfter: .seconds(seconds))
        let flex = GatewayError(failure, isFlex: true)
        #expect(flex.retry == .afterDelay(.seconds(min(60, max(5, seconds)))))
        #expect(GatewayError(failure).retry == .afterDelay(.seconds(seconds)))
    }

    /// The beginning of an answer that is folded, and then nothing.
    private static let cut = EngineScript([
        .head(AnswerHead(status: 200, contentType: "text/event-stream")),
        .bytes(Array(CompletionDesk.chunks[1].utf8)), .fail(EngineFailure(.fault, message: "cut", produced: true)),
    ])

    @Test("of an answer that has begun is tried again at engines of our own alone, while the client has seen nothing")
    func replay() async throws {
        for (kind, count) in [(EngineKind.vllm, 2), (.openai, 1)] {
            let desk = try await CompletionDesk(
                [Self.cut, .answer(CompletionDesk.answer)], stream: .always, kind: kind)
            let (client, _) = try desk.ask(CompletionDesk.question)
            desk.timers.fire()
            #expect(desk.engine.requests.count == count && (client.state.whole != nil) == (kind == .vllm))
            #expect(client.state.error?.answer.code == (kind == .vllm ? nil : "engine_fault"))
        }
    }
}
