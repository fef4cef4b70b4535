import Quantities
import Scheduling
import Testing

/// The assertions themselves: each says so when its rule is broken.
@Suite struct InvariantTests {
    @Test("a broken rule is counted, the first few are kept in words")
    func counted() {
        var invariants = Invariants()
        invariants.require(true, "never")
        for number in 0..<100 { invariants.require(false, "rule \(number)") }
        #expect(invariants.brokenCount == 100)
        #expect(invariants.broken.count == Invariants.keptMax)
        #expect(invariants.broken.first == "rule 0")
    }

    @Test(
        "I1: more in flight than the limit, or than the memory holds, is seen; one request alone may be larger",
        arguments: [
            (64, 1_000, 0), (65, 1_000, 1), (64, 1_001, 1), (65, 1_001, 2), (1, 5_000, 0), (2, 5_000, 1),
        ])
    func places(inFlight: Int, tokens: Int, broken: Int) {
        var invariants = Invariants()
        invariants.requirePlace(at: "one", inFlight: inFlight, of: 64, tokens: tokens, of: 1_000)
        #expect(invariants.brokenCount == broken)
        #expect(invariants.broken.allSatisfy { $0.hasPrefix("I1 one") })
    }

    @Test(
        "I2: a line that is asked for while an interactive request waits or is read is seen",
        arguments: [(false, true, 0), (true, true, 1), (false, false, 1), (true, false, 2)])
    func quiet(waits: Bool, isOpen: Bool, broken: Int) {
        var invariants = Invariants()
        invariants.requireQuiet(for: "batch_1", interactiveWaits: waits, isOpen: isOpen)
        #expect(invariants.brokenCount == broken)
        #expect(invariants.broken.allSatisfy { $0.hasPrefix("I2 batch_1") })
    }

    @Test(
        "I10: a batch that is ahead by more than three requests of mean size is seen", arguments: [(400, 0), (402, 1)])
    func turn(service: Double, broken: Int) {
        var invariants = Invariants()
        invariants.requireTurn(
            of: "batch_1", service: service, before: "batch_2", otherService: 99, meanUnits: 100)
        #expect(invariants.brokenCount == broken)
        #expect(invariants.broken.allSatisfy { $0.hasPrefix("I10 batch_1 was asked although batch_2") })
    }

    @Test("I9: a line that was preempted too often is seen")
    func tooOften() {
        var harness = Harness(engines: [Harness.engine("one", 1)])
        harness.line = nil
        harness.offer("batch_1")
        harness.send(
            .lineStarted(
                BatchLine(
                    key: WorkKey(1), batch: "batch_1", engine: "one", promptTokens: 1, outputTokens: 1, preemptions: 4))
        )
        #expect(harness.scheduler.violations.count == 1)
        #expect(harness.scheduler.violations.first.first?.hasPrefix("I9") == true)
    }

    @Test("I11: a batch that looked easy and is late is seen, one that was known to be late is not")
    func late() {
        var harness = Harness(engines: [Harness.engine("one", 1)])
        harness.offer("batch_other", lines: 1_000, deadline: 1_000_000)
        for _ in 0..<40 {
            harness.pass(1)
            harness.finish(harness.lines[harness.lines.count - 1].key)
        }
        harness.offer("batch_easy", lines: 1, deadline: 119)
        for _ in 0..<70 {
            harness.pass(1)
            harness.finish(harness.lines[harness.lines.count - 1].key)
        }
        // Work that comes up just before the end, after the last look.
        harness.offer("batch_easy", lines: 500, deadline: 119)
        harness.pass(11)
        let words = harness.scheduler.violations.first
        #expect(words.count == 1)
        #expect(words.first?.hasPrefix("I11 batch_easy") == true)
    }

    @Test("I12: an engine that nobody disturbs fills up")
    func idle() {
        var harness = Harness(engines: [
            EngineProfile(id: "one", limitStart: 32, limitMax: 32, isFixed: true, protection: .throughput)
        ])
        harness.offer("batch_1")
        for _ in 0..<30 {
            harness.pass(0.5)
            for line in harness.lines { harness.send(.firstToken(line.key)) }
        }
        #expect(harness.standing.lines == 30)
        #expect(harness.scheduler.violations.first == [])
    }

    @Test("I12: background work that finds no more places beside an idle engine is seen")
    func stalled() {
        // A gap that may not grow at all: B stays at the four that it begins with.
        var harness = Harness(engines: [
            EngineProfile(id: "one", limitStart: 32, limitMax: 32, isFixed: true, protection: .gapRatio(1))
        ])
        harness.offer("batch_1")
        for _ in 0..<10 {
            harness.pass(0.5)
            for line in harness.lines { harness.send(.firstToken(line.key)) }
        }
        #expect(harness.standing.lines == 4)
        #expect(harness.scheduler.violations.first == ["I12 one idles beside work with 4 in flight"])
    }
}
