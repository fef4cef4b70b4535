import Gateway
import GatewayTesting
import Quantities
import Routing
import Testing

@Suite("Which requests are traced, and with what spans") struct TracerTests {
    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let span = "b7ad6b7169203331"

    private static func body(_ tier: String) -> String {
        #"{"model":"m","messages":[{"role":"user","content":"hi"}],"service_tier":"\#(tier)"}"#
    }

    /// The trace that an engine is told for a request with this header, and whether spans are kept.
    private static func asked(_ traceparent: String?, share: Double) async throws -> (header: String, isKept: Bool) {
        let desk = try await CompletionDesk([.answer(CompletionDesk.answer)], tracedShare: share)
        _ = try desk.ask(CompletionDesk.question, traceparent: traceparent)
        return (try #require(desk.engine.requests.first?.traceparent), !desk.spans.requests.isEmpty)
    }

    @Test("a caller's trace goes on, sampled as the caller says")
    func callers() async throws {
        let kept = try await Self.asked("00-\(Self.trace)-\(Self.span)-01", share: 0)
        #expect(kept.isKept && kept.header.hasPrefix("00-\(Self.trace)-") && kept.header.hasSuffix("-01"))
        #expect(!kept.header.contains(Self.span), "the engine's parent is our call")
        let dropped = try await Self.asked("00-\(Self.trace)-\(Self.span)-00", share: 1)
        #expect(!dropped.isKept && dropped.header.hasPrefix("00-\(Self.trace)-") && dropped.header.hasSuffix("-00"))
        let future = try await Self.asked("cc-\(Self.trace)-\(Self.span)-01-what-will-be", share: 0)
        #expect(future.isKept)
    }

    @Test(
        "what is no traceparent begins a trace here",
        arguments: [
            "", "00", "00-\(trace)-\(span)", "ff-\(trace)-\(span)-01", "00-\(trace.uppercased())-\(span)-01",
            "00-00000000000000000000000000000000-\(span)-01", "00-\(trace)-0000000000000000-01",
            "00-\(trace)-\(span)-01-more", "00-\(trace)-b7ad6b716920333-01", "0x-\(trace)-\(span)-01",
            "00-\(trace)--\(span)-01",
        ])
    func nonsense(_ header: String) async throws {
        let asked = try await Self.asked(header, share: 0)
        #expect(!asked.isKept && !asked.header.contains(Self.trace))
        #expect(asked.header.utf8.count == 55 && asked.header.hasSuffix("-00"))
    }

    @Test("of the traces that begin here the share is kept")
    func share() async throws {
        let desk = try await CompletionDesk(
            (0..<400).map { _ in .answer(CompletionDesk.answer) }, tracedShare: 0.25)
        for number in 0..<400 { _ = try desk.ask(CompletionDesk.question, id: RequestID("req_\(number)")) }
        #expect((70...130).contains(desk.spans.requests.count))
    }

    @Test("a request that was preempted, waited and was answered has a span for each of it")
    func spans() async throws {
        let desk = try await CompletionDesk(
            [
                .hanging(then: .answer(CompletionDesk.answer)), .hanging(then: .answer(CompletionDesk.answer)),
                .answer(CompletionDesk.answer),
            ],
            concurrency: 1, tracedShare: 0)
        let start = desk.clock.now
        _ = try desk.ask(
            Self.body("flex"), id: "req_flex", traceparent: "00-\(Self.trace)-\(Self.span)-01")
        desk.clock.advance(by: .seconds(2))
        _ = try desk.ask(Self.body("default"), id: "req_first")
        desk.clock.advance(by: .seconds(4))
        desk.engine.calls[1].resume()

        let spans = try #require(desk.spans.requests.first).spans
        #expect(desk.spans.requests.count == 1)
        #expect(spans.map(\.name) == ["POST /v1/chat/completions", "wait", "chat m", "chat m"])
        #expect(Set(spans.map(\.idText)).count == 4 && Set(spans.map(\.trace.text)) == [Self.trace])
        #expect(spans[0].parentText == Self.span && spans[0].error == nil)
        #expect(spans.dropFirst().allSatisfy { $0.parentText == spans[0].idText })
        #expect(spans.map { $0.start.since(start) } == [.zero, .seconds(2), .zero, .seconds(6)])
        #expect(spans.map { $0.end.since(start) } == [.seconds(6), .seconds(6), .seconds(2), .seconds(6)])
        #expect(spans[2].error == "preempted" && spans[0].events.map(\.name) == ["ebb.preempted"])
        #expect(desk.engine.requests[0].traceparent?.contains(spans[2].idText) == true)
        #expect(desk.engine.requests[2].traceparent?.contains(spans[3].idText) == true)
        let facts = spans[3].attributes
        #expect(facts.contains(.init(name: "gen_ai.provider.name", value: .text("vllm"))))
        #expect(facts.contains(.init(name: "gen_ai.response.model", value: .text("engine-m"))))
        #expect(facts.contains(.init(name: "openai.response.service_tier", value: .text("flex"))))
        #expect(facts.contains(.init(name: "gen_ai.usage.output_tokens", value: .integer(5))))
        #expect(
            spans.count { $0.attributes.contains { $0.name == "gen_ai.usage.input_tokens" } } == 1,
            "a sum over spans counts each token once")
    }

    @Test("a fault is an error of both spans, and a client that left is none")
    func endings() async throws {
        let desk = try await CompletionDesk(
            [
                .failure(EngineFailure(.timeout(.total), status: 500, message: "slow")),
                .hanging(then: .answer(CompletionDesk.answer)),
            ],
            tracedShare: 1)
        _ = try desk.ask(CompletionDesk.question, id: "req_slow")
        let (_, served) = try desk.ask(CompletionDesk.question, id: "req_gone")
        served?.clientGone()
        let spans = desk.spans.requests.map(\.spans)
        #expect(spans.map { $0.map(\.name) } == .init(repeating: ["POST /v1/chat/completions", "chat m"], count: 2))
        #expect(spans.map { $0.map(\.error) } == [["timeout", "timeout"], [nil, nil]])
    }
}
