import Batching
import Quantities
import Testing

private let now = Instant(seconds: 1_770_000_000)

private func later(_ milliseconds: Int64) -> Instant { now.advanced(by: .milliseconds(milliseconds)) }

/// A ledger behind a reference, because the macros of the tests take no mutating calls.
private final class Desk {
    private var ledger: LineLedger

    init(
        lineCount: Int, epoch: UInt64, finished: some Sequence<Int> = EmptyCollection<Int>(), order: [UInt32] = []
    ) {
        self.ledger = LineLedger(lineCount: lineCount, epoch: epoch, finished: finished, order: order)
    }

    var remainingCount: Int { self.ledger.remainingCount }
    var inFlightCount: Int { self.ledger.remainingCount - self.ledger.pendingCount }
    var nextReady: Instant? { self.ledger.nextReady }
    func leaseNext(now: Instant) -> LineLease? { self.ledger.leaseNext(now: now) }
    func leaseReturned(now: Instant) -> LineLease? { self.ledger.leaseReturned(now: now) }
    func lease(_ line: Int, now: Instant) -> LineLedger.LeaseAnswer { self.ledger.lease(line, now: now) }
    func committed(_ lease: LineLease) -> Bool { self.ledger.committed(lease) }
    func commitFailed(_ lease: LineLease) -> Bool { self.ledger.commitFailed(lease) }
    func stop() { self.ledger.stop() }
    func hurryRefused(now: Instant) { self.ledger.hurryRefused(now: now) }

    func finish(_ lease: LineLease, _ outcome: AttemptOutcome, now: Instant, random: UInt64) -> LineLedger.Verdict {
        self.ledger.finish(lease, outcome, now: now, random: random)
    }

    /// Runs the next line to a durable success.
    func succeedNext() -> Int? {
        guard let lease = self.leaseNext(now: now) else { return nil }
        #expect(self.finish(lease, .succeeded, now: now, random: 0) == .commit(.succeeded))
        #expect(self.committed(lease))
        return lease.line
    }
}

@Suite("The ledger of a batch's lines") struct LineLedgerTests {
    @Test("lines come in file order, each once") func fileOrder() {
        let ledger = Desk(lineCount: 3, epoch: 1)
        #expect([ledger.succeedNext(), ledger.succeedNext(), ledger.succeedNext()] == [0, 1, 2])
        #expect(ledger.succeedNext() == nil)
        #expect(ledger.remainingCount == 0)
    }

    @Test("lines come in the given order, without those that the store has") func givenOrderAfterRestart() {
        let ledger = Desk(lineCount: 5, epoch: 2, finished: [3, 0], order: [4, 3, 2, 1, 0])
        #expect(ledger.remainingCount == 3)
        #expect([ledger.succeedNext(), ledger.succeedNext(), ledger.succeedNext()] == [4, 2, 1])
    }

    @Test("a line in flight is not leased again, neither in turn nor by number") func oneLiveAttempt() {
        let ledger = Desk(lineCount: 2, epoch: 1)
        let first = ledger.leaseNext(now: now)
        #expect(first == LineLease(epoch: 1, line: 0, attempt: 1))
        #expect(ledger.lease(0, now: now) == .unavailable)
        #expect(ledger.leaseNext(now: now)?.line == 1)
        #expect(ledger.leaseNext(now: now) == nil)
        #expect(ledger.inFlightCount == 2)
    }

    @Test("a lease of another epoch, of a finished line or used twice is waste") func staleLeases() throws {
        let ledger = Desk(lineCount: 2, epoch: 7)
        let lease = try #require(ledger.leaseNext(now: now))
        let old = LineLease(epoch: 6, line: 0, attempt: 1)
        #expect(ledger.finish(old, .succeeded, now: now, random: 0) == .waste)
        #expect(!ledger.committed(lease), "nothing to commit before the attempt finished")
        #expect(ledger.finish(lease, .succeeded, now: now, random: 0) == .commit(.succeeded))
        #expect(ledger.finish(lease, .succeeded, now: now, random: 0) == .waste)
        #expect(!ledger.committed(old))
        #expect(ledger.committed(lease))
        #expect(!ledger.committed(lease))
        #expect(ledger.finish(lease, .succeeded, now: now, random: 0) == .waste)
        #expect(ledger.remainingCount == 1)
    }

    @Test("the answer of a preempted attempt that arrives late is waste") func lateAnswerAfterPreemption() throws {
        let ledger = Desk(lineCount: 1, epoch: 1)
        let first = try #require(ledger.leaseNext(now: now))
        #expect(ledger.finish(first, .preempted, now: now, random: 0) == .requeued)
        let second = try #require(ledger.leaseNext(now: now))
        #expect(second.attempt == 2)
        #expect(ledger.finish(first, .succeeded, now: now, random: 0) == .waste)
        #expect(ledger.finish(second, .succeeded, now: now, random: 0) == .commit(.succeeded))
    }

    @Test("a preempted line is the next one, before the rest of the order") func preemptedFirst() throws {
        let ledger = Desk(lineCount: 3, epoch: 1)
        let first = try #require(ledger.leaseNext(now: now))
        _ = ledger.finish(first, .preempted, now: now, random: 0)
        #expect(ledger.leaseNext(now: now)?.line == 0)
        #expect(ledger.leaseNext(now: now)?.line == 1)
    }

    @Test("the fifth counted failure is final, preemptions and shutdowns do not count") func fiveFailures() throws {
        let ledger = Desk(lineCount: 1, epoch: 1)
        var time = now
        for failure in 1...5 {
            for free in [AttemptOutcome.preempted, .shutDown, .engineUnusable, .tierRefused] {
                let lease = try #require(ledger.leaseNext(now: time))
                #expect(ledger.finish(lease, free, now: time, random: 0) == .requeued)
            }
            let lease = try #require(ledger.leaseNext(now: time))
            let verdict = ledger.finish(
                lease, .retryable(.status(502), retryAfter: nil), now: time, random: .max)
            if failure == 5 {
                #expect(verdict == .commit(.failed(.exhausted(.status(502)))))
                #expect(ledger.committed(lease))
            } else {
                guard case .retry(let ready) = verdict else {
                    Issue.record("failure \(failure) gave \(verdict)")
                    return
                }
                #expect(ledger.leaseNext(now: time) == nil)
                #expect(ledger.nextReady == ready)
                #expect(ledger.lease(0, now: time) == .waiting(until: ready))
                time = ready
            }
        }
        #expect(ledger.remainingCount == 0)
    }

    @Test("refusals for want of room put a line off, ever longer up to a minute, and never fail it")
    func refusals() throws {
        let ledger = Desk(lineCount: 1, epoch: 1)
        var time = now
        var waits: [Double] = []
        for attempt in 1...20 {
            let lease = try #require(ledger.leaseNext(now: time))
            #expect(lease.attempt == attempt)
            guard case .retry(let ready) = ledger.finish(lease, .refused(retryAfter: nil), now: time, random: .max)
            else {
                Issue.record("refusal \(attempt) is not put off")
                return
            }
            waits.append(ready.since(time).secondsApproximate.rounded())
            time = ready
        }
        #expect(waits.prefix(9) == [0, 1, 2, 4, 8, 16, 32, 60, 60])
        let lease = try #require(ledger.leaseNext(now: time))
        #expect(
            ledger.finish(lease, .refused(retryAfter: .seconds(45)), now: time, random: 0)
                == .retry(at: time.advanced(by: .seconds(45))), "as long as the engine asks")
        let again = try #require(ledger.leaseNext(now: time.advanced(by: .seconds(45))))
        #expect(
            ledger.finish(again, .refused(retryAfter: .seconds(3_600)), now: time, random: 0)
                == .retry(at: time.advanced(by: .seconds(60))), "but not for an hour")
    }

    @Test("when the engine serves again, what it had refused is ready at once, and what had failed is not")
    func hurry() throws {
        let ledger = Desk(lineCount: 3, epoch: 1)
        for outcome in [
            AttemptOutcome.refused(retryAfter: .seconds(50)), .retryable(.status(500), retryAfter: .seconds(40)),
            .refused(retryAfter: .seconds(30)),
        ] as [AttemptOutcome] {
            let lease = try #require(ledger.leaseNext(now: now))
            _ = ledger.finish(lease, outcome, now: now, random: 0)
        }
        #expect(ledger.leaseReturned(now: later(1_000)) == nil)
        ledger.hurryRefused(now: later(1_000))
        #expect(ledger.leaseReturned(now: later(1_000))?.line == 0)
        #expect(ledger.leaseReturned(now: later(1_000))?.line == 2)
        #expect(ledger.leaseReturned(now: later(1_000)) == nil)
        #expect(ledger.nextReady == later(40_000))
    }

    @Test("a commit that failed lets the line run again") func commitFailed() throws {
        let ledger = Desk(lineCount: 1, epoch: 1)
        let lease = try #require(ledger.leaseNext(now: now))
        _ = ledger.finish(lease, .finalFailure(status: 400), now: now, random: 0)
        #expect(ledger.leaseNext(now: now) == nil)
        #expect(ledger.commitFailed(lease))
        #expect(!ledger.commitFailed(lease))
        #expect(ledger.leaseNext(now: now)?.attempt == 2)
    }

    @Test("after a stop no lease is given, but attempts in flight still finish") func stop() throws {
        let ledger = Desk(lineCount: 3, epoch: 1)
        let lease = try #require(ledger.leaseNext(now: now))
        ledger.stop()
        #expect(ledger.leaseNext(now: now) == nil)
        #expect(ledger.lease(2, now: now) == .unavailable)
        #expect(ledger.finish(lease, .succeeded, now: now, random: 0) == .commit(.succeeded))
        #expect(ledger.committed(lease))
        #expect(ledger.remainingCount == 2)
    }

    @Test("a line leased by number is not leased again when the order reaches it") func leaseByNumber() {
        let ledger = Desk(lineCount: 3, epoch: 1)
        guard case .lease(let lease) = ledger.lease(1, now: now) else {
            Issue.record("line 1 is free")
            return
        }
        #expect(ledger.finish(lease, .preempted, now: now, random: 0) == .requeued)
        guard case .lease(let again) = ledger.lease(1, now: now) else {
            Issue.record("line 1 is free again")
            return
        }
        #expect(again.attempt == 2)
        #expect(ledger.leaseNext(now: now)?.line == 0)
        #expect(ledger.leaseNext(now: now)?.line == 2)
        #expect(ledger.leaseNext(now: now) == nil)
        #expect(ledger.lease(9, now: now) == .unavailable)
        #expect(ledger.lease(-1, now: now) == .unavailable)
    }

    @Test("lines that failed come back in the order of their times") func retriesByTime() throws {
        let ledger = Desk(lineCount: 3, epoch: 1)
        let waits: [Duration] = [.seconds(9), .seconds(3), .seconds(6)]
        for wait in waits {
            let lease = try #require(ledger.leaseNext(now: now))
            _ = ledger.finish(lease, .retryable(.status(500), retryAfter: wait), now: now, random: 0)
        }
        #expect(ledger.nextReady == later(3_000))
        #expect(ledger.leaseReturned(now: later(2_999)) == nil)
        #expect(ledger.leaseReturned(now: later(3_000))?.line == 1)
        #expect(ledger.leaseReturned(now: later(60_000))?.line == 2)
        #expect(ledger.leaseReturned(now: later(60_000))?.line == 0)
    }

    @Test("random work over many epochs finishes every line exactly once", arguments: [11, 12, 13] as [UInt64])
    func exactlyOnce(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let lineCount = 700
        var stored: [Int: LineFate] = [:]
        var order = (0..<UInt32(lineCount)).map { $0 }
        order.shuffle(using: &random)
        var epoch: UInt64 = 0
        var time = now
        while stored.count < lineCount {
            epoch += 1
            let ledger = Desk(lineCount: lineCount, epoch: epoch, finished: stored.keys, order: order)
            var flying: [LineLease] = []
            for _ in 0..<400 where ledger.remainingCount > 0 {
                time = time.advanced(by: .milliseconds(Int64.random(in: 0...400, using: &random)))
                if flying.count < 16, let lease = ledger.leaseNext(now: time) { flying.append(lease) }
                guard Int.random(in: 0..<3, using: &random) > 0,
                    let index = flying.indices.randomElement(using: &random)
                else { continue }
                let lease = flying.remove(at: index)
                let outcome: AttemptOutcome =
                    switch Int.random(in: 0..<10, using: &random) {
                    case 0: .preempted
                    case 1: .finalFailure(status: 422)
                    case 2, 3: .retryable(.connection, retryAfter: nil)
                    default: .succeeded
                    }
                let verdict = ledger.finish(lease, outcome, now: time, random: random.next())
                #expect(verdict != .waste)
                if case .commit(let fate) = verdict {
                    #expect(stored.updateValue(fate, forKey: lease.line) == nil, "line \(lease.line) twice")
                    #expect(ledger.committed(lease))
                }
                #expect(ledger.inFlightCount == flying.count)
                #expect(ledger.remainingCount == lineCount - stored.count)
            }
        }
        #expect(Set(stored.keys) == Set(0..<lineCount))
    }
}

@Suite("Retries") struct RetryPolicyTests {
    @Test("delays double from half a second to thirty seconds and keep a random half") func delays() {
        let policy = RetryPolicy()
        let full: [Int: Duration] = [
            1: .milliseconds(500), 2: .seconds(1), 3: .seconds(2), 4: .seconds(4), 7: .seconds(30), 200: .seconds(30),
        ]
        for (failures, delay) in full {
            #expect(policy.delay(afterFailures: failures, retryAfter: nil, random: 0) == delay / 2)
            let most = policy.delay(afterFailures: failures, retryAfter: nil, random: .max)
            #expect(most > delay * 0.99 && most <= delay)
        }
    }

    @Test("Retry-After is honoured, with a little on top, up to an hour") func retryAfter() {
        let policy = RetryPolicy()
        #expect(policy.delay(afterFailures: 1, retryAfter: .seconds(20), random: 0) == .seconds(20))
        let most = policy.delay(afterFailures: 1, retryAfter: .seconds(20), random: .max)
        #expect(most > .milliseconds(21_900) && most <= .seconds(22))
        #expect(policy.delay(afterFailures: 1, retryAfter: .seconds(86_400), random: 0) == .seconds(3_600))
        #expect(policy.delay(afterFailures: 7, retryAfter: .seconds(1), random: 0) == .seconds(15))
        #expect(policy.delay(afterFailures: 1, retryAfter: .seconds(-5), random: 0) == .milliseconds(250))
    }
}

@Suite("Sets of lines") struct LineSetTests {
    @Test("members and count follow a plain set", arguments: [0, 1, 63, 64, 65, 1_000])
    func followsAPlainSet(_ capacity: Int) {
        var random = SeededGenerator(seed: UInt64(capacity) + 5)
        var set = LineSet(capacity: capacity)
        var plain: Set<Int> = []
        for _ in 0..<500 {
            let line = Int.random(in: -2...capacity + 1, using: &random)
            let fits = (0..<capacity).contains(line)
            if Int.random(in: 0..<3, using: &random) > 0 {
                #expect(set.insert(line) == (fits && plain.insert(line).inserted))
            } else {
                #expect(set.remove(line) == (plain.remove(line) != nil))
            }
            let other = Int.random(in: -2...capacity + 1, using: &random)
            #expect(set.contains(other) == plain.contains(other))
            #expect(set.count == plain.count)
        }
        for line in 0..<capacity { set.insert(line) }
        #expect(set.count == capacity)
    }
}
