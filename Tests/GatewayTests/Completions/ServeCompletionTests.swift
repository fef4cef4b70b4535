import Gateway
import GatewayTesting
import Ledger
import OpenAIWire
import Quantities
import Routing
import Testing

@Suite("Serving a completion")
struct ServeCompletionTests {
    @Test("a whole answer is passed on with its tier and charged once at the book's price")
    func whole() async throws {
        let desk = try await CompletionDesk([.answer(CompletionDesk.answer)])
        let (client, _) = try desk.ask(CompletionDesk.question)
        let whole = try #require(client.state.whole)
        let text = String(decoding: whole.body, as: UTF8.self)
        #expect(
            text.contains(#""service_tier":"default""#) && text.contains(#""refusal":null"#) && text.contains(#""x":1"#)
        )
        let sent = String(decoding: desk.engine.requests[0].body, as: UTF8.self)
        #expect(sent.contains(#""model":"engine-m""#) && sent.contains(#""top_k":5"#))
        #expect(desk.engine.requests[0].path == "/chat/completions")
        let charges = desk.store.allCharges
        #expect(charges.count == 1)
        #expect(charges.first?.amount == (try Money(decimalDollars: "0.00002")))
        #expect(charges.first?.usage == TokenUsage(input: 10, output: 5))
    }

    @Test("nothing reaches the client before its charge is durable")
    func durableBeforeDone() async throws {
        let desk = try await CompletionDesk([.answer(CompletionDesk.answer), .stream(CompletionDesk.chunks)])
        desk.store.holdCommits()
        let (whole, _) = try desk.ask(CompletionDesk.question)
        let (stream, _) = try desk.ask(CompletionDesk.streamed, id: "req_2")
        #expect(whole.state.whole == nil)
        #expect(stream.text.contains("yes") && !stream.text.contains("[DONE]") && !stream.state.ended)
        desk.store.releaseCommits()
        #expect(whole.state.whole != nil)
        #expect(stream.text.hasSuffix("data: [DONE]\n\n") && stream.state.ended)
    }

    @Test("a charge that cannot be recorded withholds the answer")
    func storeDown() async throws {
        let desk = try await CompletionDesk([.answer(CompletionDesk.answer)])
        desk.store.commitFailure = .unavailable("disk full")
        desk.holds.open("proj_a", cap: Money(dollars: 1), spent: .zero)
        let (client, _) = try desk.ask(CompletionDesk.question)
        #expect(client.state.whole == nil && client.state.error?.answer.status == 503)
        #expect(desk.holds.spent("proj_a") == .zero)
        #expect(client.state.error?.source == .store)
    }

    @Test("a stream without include_usage shows no usage, with it exactly one chunk before the end")
    func usageChunks() async throws {
        let desk = try await CompletionDesk([.stream(CompletionDesk.chunks), .stream(CompletionDesk.chunks)])
        let (plain, _) = try desk.ask(CompletionDesk.streamed)
        #expect(!plain.text.contains("usage"))
        let asked = CompletionDesk.streamed.dropLast() + #","stream_options":{"include_usage":true}}"#
        let (with, _) = try desk.ask(String(asked), id: "req_2")
        #expect(with.text.split(separator: "prompt_tokens", omittingEmptySubsequences: false).count == 2)
        #expect(desk.store.allCharges.map(\.usage.output) == [5, 5])
        let sent = String(decoding: desk.engine.requests[0].body, as: UTF8.self)
        #expect(sent.contains(#""include_usage":true"#))
    }

    @Test("a stream that came in one read leaves in one write where others are in flight, and at once where none are")
    func cameAtOnce() async throws {
        let stream = EngineScript.stream([CompletionDesk.chunks.joined()])
        let hanging = EngineScript.hanging(then: .answer(CompletionDesk.answer))
        let desk = try await CompletionDesk(
            [stream] + Array(repeating: hanging, count: 8) + [stream, .stream(CompletionDesk.chunks)])
        let (alone, _) = try desk.ask(CompletionDesk.streamed, id: "req_alone")
        for count in 0..<8 { _ = try desk.ask(CompletionDesk.question, id: RequestID("req_\(count)")) }
        let (among, _) = try desk.ask(CompletionDesk.streamed, id: "req_among")
        let (pieces, _) = try desk.ask(CompletionDesk.streamed, id: "req_pieces")
        #expect(alone.state.pauses == 1 && among.state.pauses == 0)
        #expect(pieces.state.pauses == CompletionDesk.chunks.count, "what comes by itself leaves at once")
        #expect(alone.text == among.text && among.text == pieces.text && among.state.ended)
    }

    @Test("an engine that streams whatever was asked is folded back for a client that wants one answer")
    func folded() async throws {
        let desk = try await CompletionDesk([.stream(CompletionDesk.chunks)], stream: .always)
        let (client, _) = try desk.ask(CompletionDesk.question)
        let whole = try #require(client.state.whole)
        let value = try JSONValue(parsing: whole.body)
        #expect(value["choices"]?[0]?["message"]?["content"]?.string == "yes")
        #expect(value["choices"]?[0]?["finish_reason"]?.string == "stop")
        #expect(value["usage"]?["total_tokens"]?.integer == 15)
        #expect(desk.engine.requests[0].isStream)
    }

    @Test("events that an engine calls JSON are folded all the same")
    func eventsAsJSON() async throws {
        let steps = CompletionDesk.chunks.map { EngineScript.Step.bytes(Array($0.utf8)) }
        let desk = try await CompletionDesk([
            EngineScript([.head(AnswerHead(status: 200, contentType: "application/json"))] + steps + [.end])
        ])
        let (client, _) = try desk.ask(CompletionDesk.question)
        let value = try JSONValue(parsing: try #require(client.state.whole).body)
        #expect(value["choices"]?[0]?["message"]?["content"]?.string == "yes")
    }

    @Test("a failure before anything was produced moves to the next engine and is charged once")
    func elsewhere() async throws {
        let fault = EngineFailure(.fault, status: 500, message: "boom")
        let desk = try await CompletionDesk([.failure(fault), .answer(CompletionDesk.answer)], engines: 2)
        let (client, _) = try desk.ask(CompletionDesk.question)
        #expect(client.state.whole != nil)
        #expect(Set(desk.engine.requests.map(\.engine.id)).count == 2)
        #expect(desk.store.allCharges.count == 1)
        #expect(desk.directory.inFlight("e1") == 0 && desk.directory.inFlight("e2") == 0)
    }

    @Test("with one engine a fault is tried again after a pause, three times in all, and costs nothing")
    func givesUp() async throws {
        let fault = EngineFailure(.fault, status: 500, message: "boom")
        let desk = try await CompletionDesk([.failure(fault), .failure(fault), .failure(fault)])
        let (client, _) = try desk.ask(CompletionDesk.question)
        desk.timers.fire()
        desk.timers.fire()
        #expect(desk.engine.requests.count == 3)
        #expect(client.state.error?.answer.status == 502)
        #expect(desk.store.allCharges.isEmpty)
    }

    @Test("a request that fails at its only engine keeps nobody from it")
    func poison() async throws {
        let fault = EngineScript.failure(EngineFailure(.fault, status: 500, message: "boom"))
        let desk = try await CompletionDesk(Array(repeating: fault, count: 24) + [.answer(CompletionDesk.answer)])
        for count in 0..<8 {
            let (client, _) = try desk.ask(CompletionDesk.question, id: RequestID("req_bad\(count)"))
            desk.timers.fire()
            desk.timers.fire()
            #expect(client.state.error?.answer.code == "engine_fault", "what is said is what happened")
        }
        let (client, _) = try desk.ask(CompletionDesk.question)
        #expect(client.state.whole != nil)
    }

    @Test("an engine at which a model fails gets no more of its requests while another one serves it")
    func restingModel() async throws {
        let fault = EngineScript.failure(EngineFailure(.fault, status: 500, message: "boom"))
        let pairs = (0..<5).flatMap { _ in [fault, EngineScript.answer(CompletionDesk.answer)] }
        let desk = try await CompletionDesk(pairs + [.answer(CompletionDesk.answer)], engines: 2)
        for count in 0..<6 {
            let (client, _) = try desk.ask(CompletionDesk.question, id: RequestID("req_\(count)"))
            #expect(client.state.whole != nil)
        }
        let asked = desk.engine.requests.map(\.engine.id)
        #expect(asked.count == 11 && asked[0] == asked[8] && asked[10] == asked[9])
        // Discovery learns the table anew while it runs.
        desk.directory.replace(desk.directory.table)
        desk.engine.enqueue(.answer(CompletionDesk.answer))
        _ = try desk.ask(CompletionDesk.question, id: "req_learnt")
        #expect(desk.engine.requests.last?.engine.id == asked[9], "and is still left alone")
        desk.clock.advance(by: .seconds(1))
        desk.scheduler.tick()
        desk.engine.enqueue(.answer(CompletionDesk.answer))
        _ = try desk.ask(CompletionDesk.question, id: "req_probe")
        #expect(desk.engine.requests.last?.engine.id == asked[0], "after its rest it is asked again")
    }

    @Test("a request that comes while its only engine is away waits for the next look at it")
    func awaitsProbe() async throws {
        let away = EngineScript.failure(EngineFailure(.unreachable, message: "refused"))
        let desk = try await CompletionDesk(Array(repeating: away, count: 5) + [.answer(CompletionDesk.answer)])
        let (first, _) = try desk.ask(CompletionDesk.question, id: "req_first")
        desk.timers.fire()
        desk.timers.fire()
        #expect(first.state.error?.answer.code == "engine_unreachable")
        let (second, _) = try desk.ask(CompletionDesk.question, id: "req_second")
        desk.timers.fire()
        desk.timers.fire()
        #expect(second.state.error?.answer.code == "engine_unreachable" && desk.engine.requests.count == 5)
        let (third, _) = try desk.ask(CompletionDesk.question, id: "req_third")
        #expect(desk.engine.requests.count == 5 && third.state.error == nil)
        desk.clock.advance(by: .seconds(1))
        desk.scheduler.tick()
        #expect(third.state.whole != nil)
    }

    @Test("flex waits for an engine that nobody reaches, and uses up no attempt")
    func flexWaitsForEngine() async throws {
        let away = EngineScript.failure(EngineFailure(.unreachable, message: "refused"))
        let desk = try await CompletionDesk(Array(repeating: away, count: 5) + [.answer(CompletionDesk.answer)])
        let flex = CompletionDesk.question.replacing(#""top_k":5"#, with: #""service_tier":"flex""#)
        let (client, _) = try desk.ask(flex)
        for _ in 0..<20 where client.state.whole == nil {
            desk.clock.advance(by: .milliseconds(500))
            desk.scheduler.tick()
        }
        #expect(client.state.whole != nil && client.state.error == nil && desk.engine.requests.count == 6)
    }

    @Test("a request that may have broken its engine is not sent again and again")
    func flexPoison() async throws {
        var broke = EngineFailure(.unreachable, message: "closed")
        broke.wasSent = true
        let desk = try await CompletionDesk(Array(repeating: .failure(broke), count: 9))
        let flex = CompletionDesk.question.replacing(#""top_k":5"#, with: #""service_tier":"flex""#)
        let (client, _) = try desk.ask(flex)
        for _ in 0..<20 where client.state.error == nil {
            desk.timers.fire()
            desk.clock.advance(by: .milliseconds(500))
            desk.scheduler.tick()
        }
        #expect(client.state.error?.answer.code == "engine_unreachable" && desk.engine.requests.count == 3)
    }

    @Test("an engine is back with the head of its first answer, however long the answer is")
    func reachedByProbe() async throws {
        let away = EngineScript.failure(EngineFailure(.unreachable, message: "refused"))
        let head = EngineScript.Step.head(AnswerHead(status: 200, contentType: "text/event-stream"))
        let long = EngineScript([head, .hang])
        let desk = try await CompletionDesk(Array(repeating: away, count: 5) + [long, .answer(CompletionDesk.answer)])
        for id: RequestID in ["req_first", "req_second"] {
            _ = try desk.ask(CompletionDesk.question, id: id)
            desk.timers.fire()
            desk.timers.fire()
        }
        desk.clock.advance(by: .seconds(1))
        desk.scheduler.tick()
        _ = try desk.ask(CompletionDesk.streamed, id: "req_long")
        #expect(desk.engine.requests.count == 6)
        let (next, _) = try desk.ask(CompletionDesk.question, id: "req_next")
        #expect(next.state.whole != nil, "it does not wait for the end of the first")
    }

    @Test("a request whose only engine stays away is told so after the next look at it")
    func staysAway() async throws {
        let away = EngineScript.failure(EngineFailure(.unreachable, message: "refused"))
        let desk = try await CompletionDesk(Array(repeating: away, count: 7))
        for id: RequestID in ["req_first", "req_second"] {
            _ = try desk.ask(CompletionDesk.question, id: id)
            desk.timers.fire()
            desk.timers.fire()
        }
        let (client, _) = try desk.ask(CompletionDesk.question)
        #expect(client.state.error == nil)
        desk.clock.advance(by: .seconds(1))
        desk.scheduler.tick()
        desk.timers.fire()
        #expect(client.state.error?.answer.code == "engine_unreachable")
    }

    @Test("the client's own mistake is passed through with the engine's body and never repeated")
    func clientFault() async throws {
        let body =
            #"{"error":{"message":"too long","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#
        let failure = EngineFailure(.clientFault, status: 400, message: "too long", body: Array(body.utf8))
        let desk = try await CompletionDesk([.failure(failure)])
        let (client, _) = try desk.ask(CompletionDesk.question)
        #expect(client.state.error?.answer.code == "context_length_exceeded")
        #expect(desk.engine.requests.count == 1)
    }

    /// vLLM's words for a prompt that is too long.
    private static let tooLong =
        #"{"error":{"message":"This model's maximum context length is 8 tokens.","type":"BadRequestError","code":400}}"#

    @Test("a prompt that is too long is refused in OpenAI's words, also when the engine says it in a stream")
    func tooLong() async throws {
        let refusal = FailureClassifier.classify(
            status: 400, code: "context_length_exceeded", type: "", message: "", retryAfter: nil,
            body: Array(Self.tooLong.utf8))
        let event = EngineScript.stream(["data: \(Self.tooLong)\n\n"])
        let desk = try await CompletionDesk([.failure(refusal), event, event, .answer(Self.tooLong)])
        let question = CompletionDesk.question
        for (number, body) in [question, question, CompletionDesk.streamed, question].enumerated() {
            let (client, _) = try desk.ask(body, id: RequestID("req_\(number)"))
            let answer = try #require(client.state.error?.answer)
            #expect(answer.status == 400 && answer.code == "context_length_exceeded")
            #expect(answer.type == "invalid_request_error" && answer.message.hasSuffix("length is 8 tokens."))
        }
        #expect(desk.engine.requests.count == 4, "nothing is tried again")
        #expect(desk.store.allCharges.isEmpty)
    }

    @Test("an error event within a stream is in OpenAI's words too") func tooLongWithin() async throws {
        let cut = CompletionDesk.chunks.prefix(2) + ["data: \(Self.tooLong)\n\n"]
        let desk = try await CompletionDesk([.stream(Array(cut))])
        let (client, _) = try desk.ask(CompletionDesk.streamed)
        let last = try #require(client.text.split(separator: "\n\n").last)
        let error = try JSONValue(parsing: Array(last.dropFirst("data: ".count).utf8))["error"]
        #expect(error?["code"]?.string == "context_length_exceeded")
        #expect(error?["type"]?.string == "invalid_request_error")
    }

    @Test("a client that leaves mid-stream frees the engine and pays for what was made, flagged as an estimate")
    func gone() async throws {
        let pieces = EngineScript(
            [.head(AnswerHead(status: 200, contentType: "text/event-stream"))]
                + CompletionDesk.chunks.prefix(2).map { .bytes(Array($0.utf8)) } + [.hang])
        let desk = try await CompletionDesk([pieces])
        let (_, served) = try desk.ask(CompletionDesk.streamed)
        served?.clientGone()
        #expect(desk.engine.calls[0].isCancelled)
        let charge = try #require(desk.store.allCharges.first)
        #expect(charge.outcome == .cancelled && charge.usage.isEstimated && charge.usage.output == 1)
        served?.clientGone()
        #expect(desk.store.allCharges.count == 1)
        #expect(desk.directory.inFlight("e1") == 0)
    }

    @Test("a client that leaves before the first token pays nothing")
    func goneEarly() async throws {
        let desk = try await CompletionDesk([.hanging(then: .answer(CompletionDesk.answer))])
        let (_, served) = try desk.ask(CompletionDesk.question)
        served?.clientGone()
        #expect(desk.engine.calls[0].isCancelled && desk.store.allCharges.isEmpty)
        #expect(desk.directory.inFlight("e1") == 0)
    }

    @Test("a stream that breaks after its first token ends with an error event and bills what came")
    func broken() async throws {
        let pieces = EngineScript(
            [.head(AnswerHead(status: 200, contentType: "text/event-stream"))]
                + CompletionDesk.chunks.prefix(2).map { .bytes(Array($0.utf8)) }
                + [.fail(EngineFailure(.fault, message: "cut"))])
        let desk = try await CompletionDesk([pieces])
        let (client, _) = try desk.ask(CompletionDesk.streamed)
        #expect(client.state.ended && client.text.contains(#""error""#) && !client.text.contains("[DONE]"))
        #expect(desk.store.allCharges.map(\.outcome) == [.broken])
        #expect(desk.engine.requests.count == 1)
    }

    @Test("tiers that are not offered are refused, never changed", arguments: ["batch", "24h", "ultrafast", "bogus"])
    func tiers(tier: String) async throws {
        let desk = try await CompletionDesk([])
        let body = CompletionDesk.question.dropLast() + #","service_tier":"\#(tier)"}"#
        let (client, _) = try desk.ask(String(body))
        #expect(client.state.error?.answer.param == "service_tier" && client.state.error?.answer.status == 400)
        #expect(desk.engine.requests.isEmpty)
    }

    @Test("an unknown model is a 404 and asks no engine")
    func unknownModel() async throws {
        let desk = try await CompletionDesk([])
        let (client, _) = try desk.ask(#"{"model":"nope","messages":[{"role":"user","content":"x"}]}"#)
        #expect(client.state.error?.answer.code == "model_not_found" && client.state.error?.answer.status == 404)
    }

    @Test("a request that waited is sent under the name that its model has by then")
    func renamed() async throws {
        let desk = try await CompletionDesk(
            [.hanging(then: .answer(CompletionDesk.answer)), .answer(CompletionDesk.answer)], concurrency: 1)
        for number in 1...2 { _ = try desk.ask(CompletionDesk.question, id: RequestID("req_\(number)")) }
        let table = desk.directory.table
        desk.directory.replace(
            try RoutingTable(
                engines: Array(table.engines.values), aliases: ["m": [EngineTarget(engine: "e1", engineModel: "new-m")]]
            ))
        desk.clock.advance(by: .seconds(2))
        desk.engine.calls[0].resume()
        let models = try desk.engine.requests.map { try JSONValue(parsing: $0.body)["model"]?.string }
        #expect(models == ["engine-m", "new-m"])
    }

    @Test("a request whose key was revoked while it waited is not sent, and costs nothing")
    func revokedMeanwhile() async throws {
        let desk = try await CompletionDesk(
            [.hanging(then: .answer(CompletionDesk.answer)), .answer(CompletionDesk.answer)], concurrency: 1,
            isLive: { $0.key != "key_old" })
        let old = Caller(project: desk.caller.project, key: "key_old")
        _ = try desk.ask(CompletionDesk.question, id: "req_first", caller: old)
        let (revoked, _) = try desk.ask(CompletionDesk.question, id: "req_revoked", caller: old)
        let (good, _) = try desk.ask(CompletionDesk.question, id: "req_good")
        desk.clock.advance(by: .seconds(3))
        desk.engine.calls[0].resume()
        #expect(revoked.state.error?.answer.status == 401 && revoked.state.error?.answer.code == "invalid_api_key")
        #expect(good.state.whole != nil, "the place goes to the next one")
        #expect(Set(desk.store.allCharges.map(\.request)) == ["req_first", "req_good"])
    }

    @Test("a spend cap refuses what could exceed it and counts what was spent")
    func cap() async throws {
        let desk = try await CompletionDesk([.answer(CompletionDesk.answer)])
        let body = CompletionDesk.question.dropLast() + #","max_tokens":5}"#
        desk.holds.open("proj_a", cap: try Money(decimalDollars: "0.001200"), spent: .zero)
        let (first, _) = try desk.ask(String(body))
        #expect(first.state.whole != nil)
        #expect(desk.holds.spent("proj_a") == (try Money(decimalDollars: "0.00002")))
        desk.holds.open("proj_a", cap: try Money(decimalDollars: "0.001100"), spent: desk.holds.spent("proj_a"))
        let (second, _) = try desk.ask(String(body), id: "req_2")
        #expect(second.state.error?.answer.code == "project_spend_limit_exceeded")
        #expect(second.state.error?.answer.status == 429)
        #expect(desk.store.allCharges.count == 1)
    }
}
