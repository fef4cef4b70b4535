import Gateway
import GatewayTesting
import Ledger
import Quantities
import Routing
import Scheduling
import Testing

@Suite("Explaining a request") struct ExplainRequestTests {
    private static func body(_ tier: String) -> String {
        #"{"model":"m","messages":[{"role":"user","content":"hi"}],"service_tier":"\#(tier)"}"#
    }

    private static func explain(_ desk: CompletionDesk) -> ExplainRequest {
        ExplainRequest(history: desk.history, scheduler: desk.scheduler, ledger: desk.store)
    }

    /// `kind text` of each step, and when it was.
    private static func told(_ explanation: ExplainRequest.Explanation?) -> [String] {
        (explanation?.trace?.path.steps ?? []).map {
            "\($0.time.secondsApproximate) \($0.kind.rawValue) \($0.text)".trimming()
        }
    }

    @Test("a request that waited, was displaced and ran tells each step with its time, and its charge")
    func wholeWay() async throws {
        let desk = try await CompletionDesk(
            [
                .hanging(then: .answer(CompletionDesk.answer)), .hanging(then: .answer(CompletionDesk.answer)),
                .answer(CompletionDesk.answer),
            ],
            concurrency: 1)
        _ = try desk.ask(Self.body("flex"), id: "req_flex")
        desk.clock.advance(by: .seconds(2))
        _ = try desk.ask(Self.body("default"), id: "req_first")
        desk.clock.advance(by: .seconds(1))
        // While it waits, its way so far is known.
        let waiting = try #require(try await Self.explain(desk).explain("req_flex", project: "proj_a"))
        #expect(waiting.charge == nil && waiting.trace?.path.isAtEngine == false)
        #expect(waiting.waited == .seconds(1))
        #expect(
            Self.told(waiting) == ["0.0 arrived flex", "0.0 dispatched e1", "2.0 preempted req_first"])
        desk.clock.advance(by: .seconds(3))
        desk.engine.calls[1].resume()

        let flex = try #require(try await Self.explain(desk).explain("req_flex", project: "proj_a"))
        #expect(
            Self.told(flex) == [
                "0.0 arrived flex", "0.0 dispatched e1", "2.0 preempted req_first", "6.0 dispatched e1",
                "6.0 first_token", "6.0 ended answered",
            ])
        #expect(flex.waited == .seconds(4))
        #expect(flex.charge?.servedTier == .flex && flex.charge?.request == "req_flex")
    }

    @Test("what displaced it is named to its own project only, and a foreign request is none")
    func otherProjects() async throws {
        let desk = try await CompletionDesk(
            [.hanging(then: .answer(CompletionDesk.answer)), .hanging(then: .answer(CompletionDesk.answer))],
            concurrency: 1)
        _ = try desk.ask(Self.body("flex"), id: "req_flex")
        _ = try desk.ask(
            Self.body("default"), id: "req_other", caller: Caller(project: "proj_b", key: "key_b"))
        let explain = Self.explain(desk)
        let flex = try await explain.explain("req_flex", project: "proj_a")
        #expect(Self.told(flex) == ["0.0 arrived flex", "0.0 dispatched e1", "0.0 preempted"])
        #expect(try await explain.explain("req_flex", project: "proj_b") == nil)
        #expect(try await explain.explain("req_other", project: "proj_a") == nil)
        #expect(try await explain.explain("req_none", project: "proj_a") == nil)
    }

    @Test("who waits knows how many are before it; a retry tells why")
    func waitingAndRetry() async throws {
        let desk = try await CompletionDesk(
            [
                .hanging(then: .failure(EngineFailure(.fault, status: 500, message: "broken"))),
                .answer(CompletionDesk.answer), .answer(CompletionDesk.answer), .answer(CompletionDesk.answer),
            ],
            concurrency: 1)
        for number in 1...3 { _ = try desk.ask(Self.body("default"), id: RequestID("req_\(number)")) }
        desk.engine.calls[0].resume()
        desk.timers.fire()
        let explain = Self.explain(desk)
        let first = try await explain.explain("req_1", project: "proj_a")
        #expect(Self.told(first).contains("0.0 failed fault (status 500)"))
        #expect(Self.told(first).last == "0.0 ended answered")
        #expect(first?.trace?.path.outlook == nil)
        #expect(try await explain.explain("req_2", project: "proj_a")?.trace?.path.outlook?.cause == .places)
        #expect(try await explain.explain("req_3", project: "proj_a")?.trace?.path.outlook?.ahead == 1)
    }

    @Test("a caller's fallback is a step; a client that leaves has an end without a charge")
    func fallback() async throws {
        let desk = try await CompletionDesk(
            [.hanging(then: .answer(CompletionDesk.answer))], concurrency: 1)
        _ = try desk.ask(Self.body("default"), id: "req_holder")
        let (_, flex) = try desk.ask(
            Self.body("flex"), id: "req_flex", wishes: ServiceWishes(fallback: TierFallback(after: .seconds(1))))
        desk.clock.advance(by: .seconds(1))
        desk.scheduler.tick()
        flex?.clientGone()
        let told = Self.told(try await Self.explain(desk).explain("req_flex", project: "proj_a"))
        #expect(told == ["0.0 arrived flex", "1.0 fell_back default", "1.0 ended cancelled"])
    }

    @Test("after memory has forgotten the steps the ledger still tells the charge")
    func forgotten() async throws {
        let desk = try await CompletionDesk([.answer(CompletionDesk.answer)])
        _ = try desk.ask(CompletionDesk.question)
        let explain = ExplainRequest(history: RequestHistory(), scheduler: desk.scheduler, ledger: desk.store)
        let found = try #require(try await explain.explain("req_1", project: "proj_a"))
        #expect(found.trace == nil && found.charge?.usage.output == 5)
        #expect(try await explain.explain("req_1", project: "proj_b") == nil)
    }

    @Test("the history keeps the newest requests and forgets the oldest")
    func bounded() async throws {
        let desk = try await CompletionDesk([])
        // Ids of the gateway's form are kept in another way than others.
        func id(_ number: Int) -> RequestID {
            RequestID(number % 2 == 0 ? "req_\(number)" : "req_ab\(String(repeating: "0", count: 28))\(number + 10)")
        }
        for number in 0..<60 {
            desk.engine.enqueue(.answer(CompletionDesk.answer))
            _ = try desk.ask(CompletionDesk.question, id: id(number))
        }
        for number in 0..<60 {
            let trace = desk.history.trace(of: id(number))
            #expect((trace != nil) == (number >= 60 - CompletionDesk.historyMax), "\(number)")
            #expect(trace.map { $0.request == id(number) } ?? true)
        }
    }

    @Test("a kept way has the size that the limit speaks of")
    func size() {
        // Beside the id's own 80 bytes on the heap and the index.
        #expect(MemoryLayout<RequestTrace>.stride <= 200)
    }

    @Test("a batch's line tells its batch and number, where it ran and what it cost")
    func lines() async throws {
        let desk = try await BatchDesk()
        var batch: BatchID?
        try await desk.running {
            batch = try await desk.submit(lines: 2)
            #expect(await desk.exit() == .ended)
        }
        let charge = try #require(desk.store.allCharges.first { $0.line == 1 })
        let explain = ExplainRequest(history: desk.history, scheduler: desk.scheduler, ledger: desk.store)
        let found = try #require(try await explain.explain(charge.request, project: BatchDesk.project))
        #expect(found.trace?.batch == batch && found.trace?.line == 1)
        #expect(
            Self.told(found).map { $0.split(separator: " ").dropFirst().joined(separator: " ") } == [
                "arrived batch", "dispatched e1", "first_token", "ended answered",
            ])
        #expect(found.charge?.amount == BatchDesk.charge)
        #expect(try await explain.explain(charge.request, project: "proj_b") == nil)
    }
}

extension String {
    fileprivate func trimming() -> String { self.hasSuffix(" ") ? String(self.dropLast()) : self }
}
