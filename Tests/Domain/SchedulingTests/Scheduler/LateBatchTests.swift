import Quantities
import Scheduling
import Testing

/// A batch beside interactive requests of which one always computes its prompt: the gate never opens by itself.
@Suite("A late batch beside interactive prompts that never end") struct LateBatchTests {
    /// An interactive request every 100 ms, each before its first token for 150 ms and at the engine for 400 ms. Lines
    /// take half a second, and the batch's counts are offered again each second.
    struct Crowd {
        var harness: Harness
        var ends: [(at: Int, key: WorkKey)] = []
        var firsts: [(at: Int, key: WorkKey)] = []
        var linesSeen = 0
        var millis = 0
        var left: Int
        let deadline: Int64

        init(left: Int, deadline: Int64) {
            self.harness = Harness(engines: [Harness.engine("one", 16)])
            self.left = left
            self.deadline = deadline
            self.pass(seconds: 1)
            self.harness.offer("batch_1", lines: left, deadline: deadline)
        }

        mutating func pass(seconds: Int) {
            for _ in 0..<(seconds * 20) {
                let now = self.millis
                self.millis += 50
                self.harness.now = Instant(nanoseconds: Int64(now) * 1_000_000)
                if now % 100 == 0 {
                    let key = UInt64(now / 100 + 1)
                    self.harness.arrive(key)
                    self.firsts.append((now + 150, WorkKey(key)))
                    self.ends.append((now + 400, WorkKey(key)))
                }
                for (at, key) in self.firsts where at == now { self.harness.send(.firstToken(key)) }
                for (at, key) in self.ends where at == now { self.harness.finish(key) }
                self.firsts.removeAll { $0.at <= now }
                self.ends.removeAll { $0.at <= now }
                if now % 500 == 0 { self.harness.send(.tick) }
                for line in self.harness.lines.dropFirst(self.linesSeen) {
                    self.left -= 1
                    self.firsts.append((now + 250, line.key))
                    self.ends.append((now + 500, line.key))
                }
                self.linesSeen = self.harness.lines.count
                if now % 1_000 == 950, now > 1_000 {
                    self.harness.offer("batch_1", lines: self.left, deadline: self.deadline)
                }
            }
        }
    }

    @Test("goes on at a bounded pace")
    func progress() {
        var crowd = Crowd(left: 500, deadline: 300)
        crowd.pass(seconds: 20)
        #expect(crowd.harness.scheduler.batchStandings[0].rank == .critical)
        let before = crowd.harness.lines.count
        crowd.pass(seconds: 30)
        let sent = crowd.harness.lines.count - before
        #expect(sent >= 20 && sent <= 30, "one a second: \(sent)")
        #expect(crowd.harness.scheduler.violations.count == 0)
        #expect(crowd.harness.dispatched.count == 510, "no interactive request waits for it")
        #expect(crowd.harness.scheduler.batchStandings[0].load <= 100)
    }

    @Test("one that has time does not pass the gate")
    func early() {
        var crowd = Crowd(left: 5, deadline: 86_400)
        crowd.pass(seconds: 40)
        #expect(crowd.harness.scheduler.batchStandings[0].rank == .batch)
        #expect(crowd.harness.lines.isEmpty)
    }
}
