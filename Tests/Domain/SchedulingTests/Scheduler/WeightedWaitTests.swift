import Quantities
import Scheduling
import Testing

/// Shares go by weight, and so does what is foretold of them.
@Suite struct WeightedWaitTests {
    /// A pool that serves one flex request a second, with an empty queue; `proj_heavy` has three times the usual share.
    static func measured() -> (harness: Harness, nextKey: UInt64) {
        var (harness, key) = RefusalTests.measured()
        harness.send(.weight("proj_heavy", 3))
        for number in 1..<key where !harness.dispatched.contains(where: { $0.key.number == number }) {
            harness.send(.gone(WorkKey(number)))
        }
        return (harness, key)
    }

    static func queue(
        _ harness: inout Harness, _ key: inout UInt64, _ project: ProjectID, _ count: Int,
        patience: Duration = .seconds(600)
    ) -> [WorkKey] {
        (0..<count).map { _ in
            defer { key += 1 }
            harness.send(.arrive(Harness.request(key, .flex, project: project, patience: patience)))
            return WorkKey(key)
        }
    }

    /// Serves for so long, one a second.
    static func serve(_ harness: inout Harness, seconds: Int) {
        for _ in 0..<seconds {
            harness.pass(1)
            harness.finish(harness.dispatched[harness.dispatched.count - 1].key)
        }
    }

    @Test(
        "a project waits for its own work over its share",
        arguments: [(ProjectID("proj_heavy"), 12, 16), ("proj_b", 5, 20)])
    func arrival(project: ProjectID, own: Int, seconds: Int) throws {
        var (harness, key) = Self.measured()
        let other: ProjectID = project == "proj_b" ? "proj_heavy" : "proj_b"
        _ = Self.queue(&harness, &key, other, 60)
        _ = Self.queue(&harness, &key, project, own)
        let next = Harness.request(key, .flex, project: project)
        let predicted = try #require(harness.scheduler.outlook(of: next)).predictedWait
        #expect(abs(predicted - Double(seconds)) < 2.5, "\(predicted)")
        harness.send(.arrive(next))
        var waited = 0
        while harness.dispatched.last?.key != next.key, waited < 100 {
            Self.serve(&harness, seconds: 1)
            waited += 1
        }
        #expect(abs(waited - seconds) <= 5, "\(waited)")
    }

    @Test("a request of a heavy project that will be served in its patience is kept")
    func heavyIsKept() {
        var (harness, key) = Self.measured()
        let keys = Self.queue(&harness, &key, "proj_heavy", 12, patience: .seconds(17))
        _ = Self.queue(&harness, &key, "proj_b", 60)
        Self.serve(&harness, seconds: 25)
        #expect(keys.allSatisfy { harness.refused[$0] == nil })
    }

    @Test("one of a light project that will not is refused before it has waited for it")
    func lightIsRefused() {
        var (harness, key) = Self.measured()
        let keys = Self.queue(&harness, &key, "proj_b", 6, patience: .seconds(12))
        #expect(harness.refused.isEmpty)
        _ = Self.queue(&harness, &key, "proj_heavy", 60)
        Self.serve(&harness, seconds: 4)
        #expect(harness.refused[keys[5]] != nil)
        #expect(harness.refused[keys[0]] == nil)
    }

    @Test("what a batch's project may have of the time before its deadline goes by weight")
    func deadlines() throws {
        let items = [DeadlineTests.item("a", 1_030, 75_000), DeadlineTests.item("b", 1_030, 25_000)]
        func loads(_ heavy: Double) -> [BatchID: Double] {
            DeadlineReview.loadsOfShares(
                items, projects: ["a": "proj_a", "b": "proj_b"], rate: 100, from: Instant(seconds: 0),
                weight: { $0 == "proj_a" ? heavy : 1 })
        }
        #expect(abs(try #require(loads(3)["a"]) - 1) < 1e-9)
        #expect(abs(try #require(loads(3)["b"]) - 1) < 1e-9)
        #expect(abs(try #require(loads(1)["a"]) - 1.5) < 1e-9)
        #expect(abs(try #require(loads(1)["b"]) - 0.5) < 1e-9)
    }

    @Test("a batch of a project with three quarters of the share is not moved up for one with a quarter")
    func ranks() {
        func rank(_ weight: Double) -> Rank? {
            var harness = Harness(engines: [Harness.engine("one", 4)])
            harness.send(.weight("proj_heavy", weight))
            harness.offer("batch_other", project: "proj_b", lines: 2_000, deadline: 100_000)
            harness.offer("batch_heavy", project: "proj_heavy", lines: 330, deadline: 200)
            var done = 0
            for _ in 0..<60 {
                harness.pass(0.5)
                // Four lines a second in all.
                for line in harness.lines.dropFirst(done).prefix(2) { harness.finish(line.key) }
                done = min(done + 2, harness.lines.count)
            }
            return harness.scheduler.batchStandings.first { $0.batch == "batch_heavy" }?.rank
        }
        #expect(rank(1) == .flex)
        #expect(rank(9) == .batch)
    }
}
