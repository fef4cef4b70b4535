import Gateway
import GatewayTesting
import Ledger
import OpenAIWire
import Pricing
import Quantities
import Routing
import Testing

@Suite("Billed by what served, and never beyond what was held")
struct BilledByWhatServedTests {
    private static func event(_ members: String) -> String {
        #"data: {"id":"c1","model":"m-2026","choices":[{"index":0,"delta":{"content":"yes"},"finish_reason":null}]"#
            + members + "}\n\n"
    }

    private static let end =
        #"data: {"id":"c1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"#
        + #""usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}"# + "\n\ndata: [DONE]\n\n"

    @Test("a bought engine's stream is billed at the tier and model that it names, and the client sees that tier")
    func boughtStream() async throws {
        let tier = #","service_tier":"priority""#
        let desk = try await CompletionDesk(
            [.stream([Self.event(tier), Self.event(tier), Self.end])], kind: .openai)
        let (client, _) = try desk.ask(CompletionDesk.streamed)
        let charge = try #require(desk.store.allCharges.first)
        #expect(charge.servedTier == .priority && charge.servedModel == "m-2026")
        #expect(charge.amount == Money(picodollars: 10 * 4_000_000 + 5 * 8_000_000))
        #expect(client.text.contains(#""service_tier":"priority""#))
        #expect(!client.text.contains(#""service_tier":"default""#))
    }

    @Test(
        "every chunk that has the field names the tier that is charged",
        arguments: [
            (EngineKind.vllm, #""priority""#, TierName.standard), (.vllm, "null", .standard),
            (.openai, #""auto""#, .standard), (.openai, #""priority""#, .priority),
        ] as [(EngineKind, String, TierName)])
    func everyChunk(_ kind: EngineKind, _ named: String, _ served: TierName) async throws {
        let usage = #"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}"#
        let tier = #","service_tier":\#(named)"#
        let total = #"data: {"id":"c1","choices":[],"usage":\#(usage)\#(tier)}"# + "\n\n"
        // The last chunk with a text is written as the ones before it, the total is not.
        let desk = try await CompletionDesk(
            [.stream(Array(repeating: Self.event(tier), count: 4) + [total, Self.end])], kind: kind)
        let question = String(CompletionDesk.streamed.dropLast()) + #","stream_options":{"include_usage":true}}"#
        let (client, _) = try desk.ask(question)
        let tiers = client.text.split(separator: "\n").compactMap { line -> JSONValue? in
            try? JSONValue(parsing: Array(line.dropFirst(6).utf8))["service_tier"]
        }
        #expect(tiers == Array(repeating: .string(served.text), count: 5))
        #expect(desk.store.allCharges.map(\.servedTier) == [served])
    }

    @Test(
        "a whole answer is billed at the tier that it names, whatever the account prefers (8.3/14)",
        arguments: [("default", TierName.standard, Int128(20_000_000)), ("priority", .priority, 80_000_000)])
    func boughtAnswer(_ served: String, _ tier: TierName, _ picodollars: Int128) async throws {
        let answer = String(CompletionDesk.answer.dropLast()) + #","service_tier":"\#(served)"}"#
        let desk = try await CompletionDesk([.answer(answer)], kind: .openai)
        _ = try desk.ask(String(CompletionDesk.question.dropLast()) + #","service_tier":"auto"}"#)
        let charge = try #require(desk.store.allCharges.first)
        #expect(charge.requestedTier == "auto" && charge.servedTier == tier)
        #expect(charge.amount == Money(picodollars: picodollars))
    }

    @Test("a request that waited is billed at the prices of when it was sent, not of when it came")
    func priceOfTheMoment() async throws {
        let change = ManualClock().now.advanced(by: .seconds(60))
        func entry(_ dollars: String, from: Instant, to: Instant) throws -> PriceEntry {
            let rate = try Rate(try Money(decimalDollars: dollars), per: 1_000_000)
            return PriceEntry(
                provider: "own", models: ["m"], validFrom: from, validTo: to,
                tiers: [.standard: TierPrices([.input: rate, .output: rate])])
        }
        let book = try PriceBook(
            version: "test",
            entries: [
                entry("8", from: Instant(nanoseconds: .min), to: change),
                entry("1", from: change, to: Instant(nanoseconds: .max)),
            ])
        let desk = try await CompletionDesk(
            [.hanging(then: .answer(CompletionDesk.answer)), .answer(CompletionDesk.answer)], concurrency: 1, book: book
        )
        _ = try desk.ask(CompletionDesk.question, id: "req_first")
        _ = try desk.ask(CompletionDesk.question, id: "req_second")
        desk.clock.advance(by: .seconds(61))
        desk.engine.calls[0].resume()
        let amounts = desk.store.allCharges.sorted { $0.request.text < $1.request.text }.map(\.amount)
        #expect(amounts == [Money(picodollars: 15 * 8_000_000), Money(picodollars: 15 * 1_000_000)])
    }

    @Test("what a bought engine writes where the tier stands reaches no header and no ledger when it is no name")
    func hostileTier() async throws {
        let tier = #","service_tier":"default\r\nset-cookie: sid=1""#
        let answer = String(CompletionDesk.answer.dropLast()) + tier + "}"
        let event = Self.event(tier)
        let desk = try await CompletionDesk([.answer(answer), .stream([event, Self.end])], kind: .openai)
        let (client, _) = try desk.ask(CompletionDesk.question)
        #expect(client.state.whole?.tier == .standard)
        _ = try desk.ask(CompletionDesk.streamed, id: "req_2")
        #expect(desk.store.allCharges.map(\.servedTier) == [.standard, .standard])
    }

    @Test(
        "an engine without capacity costs nothing; what serves instead is billed once, at its tier (G004, G005)",
        arguments: [(429, 429), (503, 503), (498, 503)])
    func withoutCapacity(engineStatus: Int, status: Int) async throws {
        let full = EngineFailure(.capacity, status: engineStatus, message: "account org-1 has no room")
        let refused = try await CompletionDesk([.failure(full), .failure(full), .failure(full)])
        let (client, _) = try refused.ask(CompletionDesk.question)
        while client.state.error == nil, refused.engine.requests.count < 3 { refused.timers.fire() }
        #expect(client.state.error?.answer.status == status && client.state.error?.billing == .free)
        #expect(client.state.error?.retry == .afterDelay(.seconds(5)), "it becomes Retry-After")
        #expect(client.state.error?.answer.message.contains("org-1") == false)
        #expect(refused.store.allCharges.isEmpty)

        let served = try await CompletionDesk([.failure(full), .answer(CompletionDesk.answer)], engines: 2)
        _ = try served.ask(CompletionDesk.question)
        #expect(served.store.allCharges.map(\.amount) == [Money(picodollars: 20_000_000)])
        #expect(served.store.allCharges.first?.servedTier == .standard)
    }

    @Test("a request that asked for priority and was served as default is charged as default (8.3/14)")
    func downgraded() async throws {
        let answer = String(CompletionDesk.answer.dropLast()) + #","service_tier":"default"}"#
        let desk = try await CompletionDesk([.answer(answer)], kind: .openai)
        let (client, _) = try desk.ask(String(CompletionDesk.question.dropLast()) + #","service_tier":"priority"}"#)
        #expect(client.state.whole?.tier == .standard)
        let charge = try #require(desk.store.allCharges.first)
        #expect(charge.requestedTier == .priority && charge.servedTier == .standard)
        #expect(charge.amount == Money(picodollars: 20_000_000))
    }

    @Test("a stream that ends well without usage is charged by an estimate, and flagged as one (8.3/34)")
    func streamWithoutUsage() async throws {
        let end =
            #"data: {"id":"c1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"# + "\n\ndata: [DONE]\n\n"
        let desk = try await CompletionDesk([.stream([Self.event(""), Self.event(""), end])])
        _ = try desk.ask(CompletionDesk.streamed)
        let charge = try #require(desk.store.allCharges.first)
        #expect(charge.outcome == .answered)
        #expect(charge.usage.isEstimated && charge.usage.input > 0 && charge.usage.output == 2)
    }

    @Test("a batch line without usage is charged by an estimate, and flagged as one (8.3/34)")
    func lineWithoutUsage() async throws {
        let usage = #","usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}"#
        let silent = CompletionDesk.answer.replacing(usage, with: "")
        let desk = try await BatchDesk([.answer(silent)])
        try await desk.running {
            _ = try await desk.submit(lines: 2)
            _ = await desk.exit()
        }
        let charges = desk.store.allCharges.sorted { ($0.line ?? 0) < ($1.line ?? 0) }
        #expect(charges.map(\.usage.isEstimated) == [true, false])
        #expect(try #require(charges[0].amount) > .zero && charges[0].usage.output > 0)
    }

    @Test("a cap holds what the dearest tier of a bought engine would cost")
    func capOfBought() async throws {
        let body = #"{"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":1000}"#
        for (kind, isServed) in [(EngineKind.vllm, true), (.openai, false)] {
            let desk = try await CompletionDesk([.answer(CompletionDesk.answer)], kind: kind)
            // Between the bound at the standard tier and four times as much.
            desk.holds.open("proj_a", cap: try Money(decimalDollars: "0.005"), spent: .zero)
            let (client, _) = try desk.ask(body)
            #expect((client.state.error == nil) == isServed, "\(kind)")
        }
    }

    @Test(
        "every name of a limit counts: the largest is held, and no limit at all is the longest context",
        arguments: [
            (#""max_tokens":100000"#, false), (#""max_completion_tokens":1,"max_tokens":100000"#, false),
            (#""max_tokens":1,"n_predict":100000"#, false), (#""max_tokens":1,"n_predict":-1"#, false),
            (#""max_tokens":1,"n_predict":2"#, true),
        ])
    func limits(_ limits: String, isServed: Bool) async throws {
        let desk = try await CompletionDesk([.answer(CompletionDesk.answer)])
        desk.holds.open("proj_a", cap: try Money(decimalDollars: "0.02"), spent: .zero)
        let (client, _) = try desk.ask(#"{"model":"m","messages":[{"role":"user","content":"hi"}],\#(limits)}"#)
        #expect((client.state.error == nil) == isServed)
    }

    @Test("an image in the body is estimated as an image, and the estimate stays below the limit of the answer")
    func estimate() async throws {
        let image = String(repeating: "A", count: 400_000)
        let body =
            #"{"model":"m","max_tokens":3,"stream":true,"messages":[{"role":"user","content":[{"type":"image_url","#
            + #""image_url":{"url":"data:image/png;base64,\#(image)"}}]}]}"#
        let chunks = (0..<9).map { _ in Self.event("") }
        let desk = try await CompletionDesk([
            EngineScript(
                [.head(AnswerHead(status: 200, contentType: "text/event-stream"))]
                    + chunks.map { .bytes(Array($0.utf8)) } + [.fail(EngineFailure(.fault, message: "cut"))])
        ])
        _ = try desk.ask(body)
        let charge = try #require(desk.store.allCharges.first)
        #expect(charge.outcome == .broken && charge.usage.isEstimated)
        #expect(charge.usage.input < 2_000 && charge.usage.output == 3)
    }

    @Test("what came before an error within a stream is sent, as it is billed")
    func beforeAnError() async throws {
        let piece = Self.event("") + Self.event("") + "data: {\"error\":{\"message\":\"no\"}}\n\n"
        let desk = try await CompletionDesk([.stream([Self.event(""), piece])])
        let (client, _) = try desk.ask(CompletionDesk.streamed)
        let charge = try #require(desk.store.allCharges.first)
        #expect(charge.usage.output == 3)
        #expect(client.text.split(separator: #""content":"yes""#, omittingEmptySubsequences: false).count == 4)
        #expect(client.text.contains("The engine failed: no"))
    }
}
