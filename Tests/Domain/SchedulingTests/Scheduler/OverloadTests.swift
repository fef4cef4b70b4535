import Quantities
import Scheduling
import Testing

/// An engine that refuses everything gets no more background work than tells when it is well again.
@Suite("Engines that refuse everything") struct OverloadTests {
    @Test("after five refusals lines pause, then one at a time tries, at twice the pause each time up to 30 s")
    func pauses() {
        var harness = Harness(engines: [Harness.engine("one", 8)])
        harness.offer("batch_a")
        #expect(harness.lines.count == 8)
        for line in harness.lines { harness.send(.failed(line.key, .capacity(retryAfter: nil))) }
        // Those refused before the fifth had others sent in their place.
        var sent = harness.lines.count
        while let line = harness.lines.dropFirst(8).first(where: { harness.scheduler.isRunning($0.key, at: "one") }) {
            harness.send(.failed(line.key, .capacity(retryAfter: nil)))
        }
        #expect(sent == harness.lines.count && sent <= 8 + Overload.refusalsMax)
        var trials: [Instant] = []
        for _ in 0..<600 {
            harness.pass(0.5)
            #expect(harness.lines.count <= sent + 1, "one line at a time")
            guard harness.lines.count > sent, let line = harness.lines.last else { continue }
            sent = harness.lines.count
            trials.append(harness.now)
            harness.send(.failed(line.key, .capacity(retryAfter: nil)))
        }
        let gaps = zip(trials, trials.dropFirst()).map { $1.since($0).secondsApproximate }
        #expect(gaps.prefix(6) == [1, 2, 4, 8, 16, 30])
        #expect(gaps.allSatisfy { $0 <= 30 })
    }

    @Test("one answer ends the pause, an interactive one too; then it gets more each second, up to its limit")
    func recovers() {
        var harness = Harness(engines: [Harness.engine("one", 8, owned: false)])
        harness.offer("batch_a")
        for _ in 0..<20 {
            guard let line = harness.lines.first(where: { harness.scheduler.isRunning($0.key, at: "one") }) else {
                break
            }
            harness.send(.failed(line.key, .capacity(retryAfter: nil)))
        }
        let sent = harness.lines.count
        #expect(harness.standing.lines == 0 && harness.standing.isRefusing)
        harness.arrive(1)
        #expect(harness.dispatched.count == 1, "interactive requests still get the engine's own answer")
        #expect(harness.lines.count == sent)
        harness.finish(WorkKey(1))
        #expect(harness.standing.lines == 1 && !harness.standing.isRefusing)
        var most: [Int] = []
        for _ in 0..<8 {
            harness.pass(1)
            for line in harness.lines where harness.scheduler.isRunning(line.key, at: "one") {
                harness.finish(line.key)
            }
            most.append(harness.standing.lines)
        }
        #expect(most == [2, 3, 4, 5, 6, 7, 8, 8])
    }

    @Test("work that hangs after a few refusals does not keep the other places empty")
    func hanging() throws {
        var harness = Harness(engines: [Harness.engine("one", 16, owned: false)])
        harness.offer("batch_a")
        func running() -> [WorkKey] {
            harness.lines.map(\.key).filter { harness.scheduler.isRunning($0, at: "one") }
        }
        let most = harness.standing.lines
        for number in 0..<10 {
            harness.send(.failed(try #require(running().last), .capacity(retryAfter: nil)))
            // An answer now and then: it does not refuse everything.
            if number % 3 == 2 { harness.send(.firstToken(running()[number / 3])) }
        }
        #expect(harness.standing.lines == most - 10)
        harness.pass(20)
        #expect(harness.standing.lines == most, "one more each second, though nothing is answered")
    }

    @Test(
        "time in which it refuses everything says nothing of its rate: no batch becomes late by it",
        arguments: [nil, .seconds(20)] as [Duration?])
    func rateKept(retryAfter: Duration?) {
        var harness = Harness(engines: [Harness.engine("one", 1)])
        var left = 2_000
        harness.offer("batch_1", lines: left)
        DeadlineTests.serve(&harness, seconds: 90, left: &left, deadline: 86_400)
        let before = harness.scheduler.batchStandings[0].load
        #expect(before > 0 && before < 0.1)
        for _ in 0..<240 {
            harness.pass(0.5)
            while let line = harness.lines.last, harness.scheduler.isRunning(line.key, at: "one") {
                harness.send(.failed(line.key, .capacity(retryAfter: retryAfter)))
            }
            harness.offer("batch_1", lines: left)
        }
        #expect(harness.standing.isRefusing)
        let after = harness.scheduler.batchStandings[0].load
        #expect(after > before * 0.9 && after < before * 1.1, "\(after)")
        #expect(harness.scheduler.statistics.promotions == 0)
    }

    @Test("what an engine makes while it refuses the rest is a rate")
    func rateBesideRefusals() {
        var harness = Harness(engines: [Harness.engine("one", 2)])
        harness.offer("batch_1", lines: 100, deadline: 600)
        let kept = harness.lines[0].key
        harness.send(.firstToken(kept))
        for second in 1...60 {
            for line in harness.lines where line.key != kept && harness.scheduler.isRunning(line.key, at: "one") {
                harness.send(.failed(line.key, .capacity(retryAfter: nil)))
            }
            harness.offer("batch_1", lines: 99, deadline: 600)
            harness.send(.progress(kept, outputTokens: second))
            harness.pass(1)
        }
        #expect(harness.standing.isRefusing && harness.scheduler.batchStandings[0].rank == .critical)
    }

    @Test("an interactive refusal takes no places from background work")
    func interactiveRefusal() {
        var harness = Harness(engines: [Harness.engine("one", 16, owned: false)])
        harness.offer("batch_a")
        let lines = harness.standing.lines
        harness.arrive(1)
        harness.send(.failed(WorkKey(1), .full(retryAfter: nil)))
        for line in harness.lines.prefix(4) { harness.finish(line.key) }
        #expect(lines > 4 && harness.standing.lines == lines)
    }

    @Test("an engine without room for flex is left alone by lines only; its limit for others stays as it was")
    func flexOnly() {
        var harness = Harness(engines: [EngineProfile(id: "one", limitStart: 10, limitMax: 10, protection: .none)])
        harness.offer("batch_a")
        for _ in 0..<Overload.refusalsMax {
            guard let line = harness.lines.first(where: { harness.scheduler.isRunning($0.key, at: "one") }) else {
                break
            }
            harness.send(.failed(line.key, .flexFull))
        }
        let sent = harness.lines.count
        for line in harness.lines where harness.scheduler.isRunning(line.key, at: "one") {
            harness.send(.failed(line.key, .flexFull))
        }
        #expect(harness.standing.lines == 0 && harness.standing.isRefusing && harness.lines.count == sent)
        #expect(harness.standing.limit == 10)
        for key in 1...10 { harness.arrive(UInt64(key)) }
        #expect(harness.dispatched.count == 10, "at once, all of them")
    }

    @Test("an engine that one flex request could not reach is left alone by background work for half a second")
    func unreached() {
        var harness = Harness(engines: [Harness.engine("one", 10)])
        for key in 1...3 { harness.arrive(UInt64(key), .flex) }
        harness.send(.failed(WorkKey(1), .unreached))
        harness.arrive(4, .flex)
        #expect(harness.dispatched.count == 3 && harness.scheduler.waitingCount(.flex) == 2)
        harness.arrive(5)
        #expect(harness.dispatched.last?.key == WorkKey(5), "others go on")
        harness.finish(WorkKey(5))
        #expect(harness.dispatched.count == 4, "an answer is no sign that it can be reached anew")
        harness.finish(WorkKey(2))
        harness.pass(0.5)
        #expect(harness.dispatched.count == 5 && harness.dispatched.last?.key == WorkKey(1))
        harness.send(.available("one", false))
        harness.send(.available("one", true))
        #expect(harness.dispatched.count == 6, "one that was away is as good as ever")
    }

    @Test("an engine that serves four and refuses the rest is sent four, and one more each second")
    func partial() {
        var harness = Harness(engines: [Harness.engine("one", 64, owned: false)])
        harness.offer("batch_a", lines: 10_000)
        var refusals = 0
        func running() -> [WorkKey] {
            harness.lines.map(\.key).filter { harness.scheduler.isRunning($0, at: "one") }
        }
        func refuse() {
            while true {
                let keys = running()
                guard keys.count > 4, let last = keys.last else { return }
                refusals += 1
                harness.send(.failed(last, .capacity(retryAfter: nil)))
            }
        }
        refuse()
        #expect((50...60).contains(refusals), "what was sent before the first refusal")
        refusals = 0
        for _ in 0..<300 {
            harness.now = harness.now.advanced(by: .milliseconds(100))
            if let first = running().first { harness.finish(first) }
            refuse()
            harness.send(.tick)
            refuse()
            #expect(running().count >= 3, "its slots stay in use")
        }
        #expect((15...45).contains(refusals), "one each second, not one for each answer: \(refusals)")
    }
}
