import Quantities
import Scheduling
import Testing

/// Work that needs most of an engine's memory, beside small work that fits at any time.
@Suite struct DrainTests {
    /// Small flex requests without end; each takes four seconds, one ends each second.
    struct Small {
        var harness: Harness
        var key: UInt64 = 1_000

        init(engines: [EngineProfile] = [Harness.engine("one", 8, memory: 1_000)]) {
            self.harness = Harness(engines: engines)
            for _ in 0..<12 { self.arrive() }
        }

        mutating func arrive() {
            self.key += 1
            self.harness.arrive(self.key, .flex, project: "proj_small")
        }

        /// Seconds until the condition holds, at most `seconds`.
        mutating func run(_ seconds: Int, until holds: (Harness) -> Bool) -> Int? {
            for second in 0..<seconds {
                if holds(self.harness) { return second }
                let running = self.harness.dispatched.map(\.key).filter {
                    $0.number > 1_000 && self.harness.scheduler.isRunning($0, at: "one")
                }
                if let oldest = running.min() { self.harness.finish(oldest) }
                self.arrive()
                self.harness.pass(1)
            }
            return nil
        }
    }

    @Test("a large flex request is passed for half a minute, then the engine makes room for it")
    func flex() throws {
        var small = Small()
        small.harness.send(.arrive(Harness.request(1, .flex, project: "proj_large", prompt: 600, output: 200)))
        let waited = try #require(small.run(120) { $0.scheduler.isRunning(WorkKey(1), at: "one") })
        #expect((30...40).contains(waited))
        // The others go on beside it as far as they fit.
        small.harness.finish(WorkKey(1))
        #expect(small.harness.standing.flex == 4)
    }

    @Test("a large line, too")
    func line() {
        var harness = Harness(engines: [Harness.engine("one", 8, memory: 1_000)])
        harness.offer("batch_small")
        harness.send(
            .offer(
                BatchOffer(
                    batch: "batch_large", project: "proj_large", pool: Harness.pool, deadline: Instant(seconds: 86_400),
                    linesLeft: 1, promptTokens: 600, outputTokens: 200)))
        var seconds = 0
        while !harness.lines.contains(where: { $0.batch == "batch_large" }), seconds < 120 {
            seconds += 1
            harness.startTokens()
            if let oldest = harness.lines.first(where: { harness.scheduler.isRunning($0.key, at: "one") }) {
                harness.finish(oldest.key)
            }
            harness.pass(1)
        }
        #expect((30...40).contains(seconds))
    }

    @Test("no room is made where interactive requests alone leave too little")
    func interactive() {
        var small = Small()
        small.harness.send(.arrive(Harness.request(2, .standard, prompt: 300, output: 100)))
        small.harness.send(.arrive(Harness.request(1, .flex, project: "proj_large", prompt: 600, output: 200)))
        let sent = small.harness.dispatched.count
        #expect(small.run(60) { $0.scheduler.isRunning(WorkKey(1), at: "one") } == nil)
        #expect(small.harness.dispatched.count > sent + 40)
    }

    @Test("of two engines only the larger one is emptied")
    func oneEngine() throws {
        var small = Small(engines: [
            Harness.engine("two", 8, memory: 900), Harness.engine("one", 8, memory: 1_000),
        ])
        small.harness.send(.arrive(Harness.request(1, .flex, project: "proj_large", prompt: 600, output: 200)))
        #expect(small.run(120) { $0.scheduler.isRunning(WorkKey(1), at: "one") } != nil)
        #expect(small.harness.scheduler.engineStandings[0].flex == 4)
    }
}
