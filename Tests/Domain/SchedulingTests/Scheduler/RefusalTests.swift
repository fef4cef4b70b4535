import Quantities
import Scheduling
import Testing

/// The flex contract: what waits longer than it wants to is refused, with a delay between 5 and 60 seconds.
@Suite struct RefusalTests {
    /// A pool that serves one flex request of 300 units each second, known after half a minute.
    static func measured() -> (harness: Harness, nextKey: UInt64) {
        var harness = Harness(engines: [Harness.engine("one", 1)])
        var key: UInt64 = 1
        for _ in 0..<3 {
            harness.arrive(key, .flex)
            key += 1
        }
        for _ in 0..<60 {
            harness.arrive(key, .flex)
            key += 1
            harness.pass(1)
            harness.finish(harness.dispatched[harness.dispatched.count - 1].key)
        }
        return (harness, key)
    }

    @Test("the predicted wait decides, and says when to come back")
    func predicted() {
        var (harness, key) = Self.measured()
        #expect(harness.scheduler.waitingCount(.flex) == 2)
        for _ in 0..<20 {
            harness.arrive(key, .flex)
            key += 1
        }
        // 22 wait, a second each.
        harness.send(.arrive(Harness.request(key, .flex, patience: .seconds(30))))
        #expect(harness.refused.isEmpty)
        harness.send(.arrive(Harness.request(key + 1, .flex, patience: .seconds(10))))
        let delay = harness.refused[WorkKey(key + 1)]?.secondsApproximate ?? 0
        #expect(delay > 8 && delay < 18)
        harness.send(.arrive(Harness.request(key + 2, .flex, patience: .seconds(22))))
        #expect(harness.refused[WorkKey(key + 2)] == .seconds(5))
        #expect(harness.scheduler.statistics.refused[Lane.flex.rawValue] == 2)
        var movable = Harness.request(key + 3, .flex, patience: .seconds(10))
        movable.fallsBack = true
        harness.send(.arrive(movable))
        #expect(harness.refused[WorkKey(key + 3)] != nil, "told like the others, so that its driver takes it on")
        #expect(harness.scheduler.statistics.refused[Lane.flex.rawValue] == 2)
        #expect(harness.scheduler.statistics.fellBack[Lane.flex.rawValue] == 1)
    }

    @Test("interactive work before flex has the whole of the rate, and flex is foretold its wait behind it")
    func behindInteractive() {
        var harness = Harness(engines: [Harness.engine("one", 1)])
        var key: UInt64 = 1
        // A minute of a busy engine: standard requests all the time, and a flex request that gets a place in ten.
        for second in 0..<60 {
            for lane in second % 10 == 0 ? [Lane.flex] + [Lane](repeating: .standard, count: 9) : [] {
                harness.arrive(key, lane)
                key += 1
            }
            harness.pass(1)
            harness.finish(harness.dispatched[harness.dispatched.count - 1].key)
        }
        #expect(harness.scheduler.waitingCount(.standard) + harness.scheduler.waitingCount(.flex) == 0)
        for _ in 0..<10 {
            harness.arrive(key)
            key += 1
        }
        let wait = harness.scheduler.outlook(of: Harness.request(key, .flex))?.predictedWait ?? 0
        #expect((8...13).contains(wait), "nine wait and one runs, a second each: \(wait)")
    }

    @Test("an engine that has said when it takes work again is foretold until then")
    func closedEngine() {
        var harness = Harness(engines: [Harness.engine("one", 4)])
        harness.arrive(1)
        harness.send(.failed(WorkKey(1), .full(retryAfter: .seconds(50))))
        harness.send(.arrive(Harness.request(2, .standard, patience: .seconds(30))))
        #expect(harness.refused[WorkKey(2)] == .seconds(20), "what is left beyond its patience")
        harness.send(.arrive(Harness.request(3, .standard, patience: .seconds(60))))
        #expect(harness.refused[WorkKey(3)] == nil)
        harness.pass(51)
        #expect(harness.dispatched.map(\.key.number) == [1, 3])
    }

    @Test("a long wait says 60 seconds at most")
    func longest() {
        var (harness, key) = Self.measured()
        for _ in 0..<200 {
            harness.arrive(key, .flex)
            key += 1
        }
        harness.send(.arrive(Harness.request(key, .flex, patience: .seconds(1))))
        #expect(harness.refused[WorkKey(key)] == .seconds(60))
    }

    @Test("another project's queue is not one's own: projects take turns")
    func ownTurn() {
        var (harness, key) = Self.measured()
        for _ in 0..<100 {
            harness.arrive(key, .flex, project: "proj_many")
            key += 1
        }
        harness.send(.arrive(Harness.request(key, .flex, project: "proj_few", patience: .seconds(20))))
        #expect(harness.refused.isEmpty)
    }

    @Test("what still waits at its hard limit is refused, and its place in the line is gone")
    func late() {
        var harness = Harness(engines: [Harness.engine("one", 1)])
        harness.arrive(1)
        harness.send(.arrive(Harness.request(2, .flex, giveUpAt: Instant(seconds: 5))))
        harness.arrive(3, .flex)
        harness.pass(4)
        #expect(harness.refused.isEmpty)
        harness.pass(3)
        #expect(harness.refused[WorkKey(2)] == .seconds(5))
        harness.finish(WorkKey(1))
        #expect(harness.dispatched.last?.key == WorkKey(3))
    }

    @Test("each gives up at its own time, one that came back to the line too")
    func lateInTurn() {
        var harness = Harness(engines: [Harness.engine("one", 1)])
        harness.send(.arrive(Harness.request(1, .flex, giveUpAt: Instant(seconds: 12))))
        harness.send(.arrive(Harness.request(2, .flex, giveUpAt: Instant(seconds: 20))))
        harness.send(.arrive(Harness.request(3, .flex, giveUpAt: Instant(seconds: 6))))
        harness.pass(8)
        #expect(harness.refused.keys.map(\.number) == [3])
        // An interactive request takes the first one's place.
        harness.arrive(4)
        #expect(harness.preempted == [WorkKey(1)])
        harness.pass(5)
        #expect(harness.refused.keys.map(\.number).sorted() == [1, 3])
        harness.pass(10)
        #expect(harness.refused.keys.map(\.number).sorted() == [1, 2, 3])
    }

    @Test("the time that it had a place does not count where it goes on after a wait")
    func ranMeanwhile() {
        var harness = Harness(engines: [Harness.engine("one", 1)])
        var request = Harness.request(1, .flex)
        request.fallsBackAt = Instant(seconds: 5)
        request.fallsBack = true
        harness.send(.arrive(request))
        harness.pass(20)
        harness.arrive(2)
        #expect(harness.preempted == [WorkKey(1)])
        harness.pass(4)
        #expect(harness.refused.isEmpty, "a second of its wait is left")
        harness.pass(1.5)
        #expect(harness.refused.keys.map(\.number) == [1])
    }

    @Test("an engine that asks to be left alone is, by background work as long as it says", arguments: [true, false])
    func leftAlone(isFlex: Bool) {
        var harness = Harness(engines: [Harness.engine("one", 4)])
        harness.arrive(1)
        harness.send(.failed(WorkKey(1), .full(retryAfter: .seconds(200))))
        harness.send(.arrive(Harness.request(3, .flex, patience: .seconds(150))))
        #expect(harness.refused[WorkKey(3)] == .seconds(50), "what is left beyond its patience")
        if isFlex { harness.arrive(2, .flex) } else { harness.offer("batch_a") }
        harness.pass(61)
        harness.arrive(4)
        #expect(harness.dispatched.map(\.key.number) == [1, 4] && harness.lines.isEmpty)
        #expect(harness.standing.isRefusing)
        harness.finish(WorkKey(4))
        harness.pass(138)
        #expect(harness.dispatched.count == 2 && harness.lines.isEmpty && harness.refused.count == 1)
        harness.pass(2)
        #expect(isFlex ? harness.dispatched.last?.key == WorkKey(2) : !harness.lines.isEmpty)
    }

    @Test("an unknown pool is refused at once")
    func noPool() {
        var harness = Harness()
        harness.send(
            .arrive(
                WorkRequest(
                    key: WorkKey(1), lane: .flex, project: "proj_a", pool: PoolID("other"), promptTokens: 1,
                    outputTokens: 1, patience: .seconds(1), giveUpAt: Instant(seconds: 9))))
        #expect(harness.refused[WorkKey(1)] == .seconds(30))
    }

    @Test("before a rate is known nothing is refused for its wait")
    func unknownRate() {
        var harness = Harness(engines: [Harness.engine("one", 1)])
        for key in 1...50 { harness.send(.arrive(Harness.request(UInt64(key), .flex, patience: .seconds(1)))) }
        #expect(harness.refused.isEmpty)
    }

    @Test("a client that leaves frees its place at once, waiting or running")
    func gone() {
        var harness = Harness(engines: [Harness.engine("one", 1)])
        for key in 1...3 { harness.arrive(UInt64(key)) }
        harness.send(.gone(WorkKey(2)))
        harness.send(.gone(WorkKey(1)))
        #expect(harness.dispatched.map(\.key.number) == [1, 3])
        #expect(harness.scheduler.statistics.gone[Lane.standard.rawValue] == 2)
        harness.send(.gone(WorkKey(77)))
        harness.pass(2)
    }

    @Test("an empty queue before full engines foretells when a place comes free")
    func emptyQueue() {
        var (harness, key) = Self.measured()
        for _ in 0..<3 {
            harness.pass(1)
            harness.finish(harness.dispatched[harness.dispatched.count - 1].key)
        }
        let first = Harness.request(key, .flex, patience: .seconds(30))
        #expect(harness.scheduler.outlook(of: first) == nil, "there is a place")
        // Four times as long as those that were measured.
        harness.send(.arrive(Harness.request(key, .flex, prompt: 400, output: 400)))
        let next = Harness.request(key + 1, .flex, patience: .seconds(2))
        let outlook = harness.scheduler.outlook(of: next)
        #expect(outlook?.ahead == 0 && (3.5...4.5).contains(outlook?.predictedWait ?? 0))
        harness.pass(1)
        #expect((2.5...3.5).contains(harness.scheduler.outlook(of: next)?.predictedWait ?? 0), "a second has passed")
        harness.send(.arrive(next))
        #expect(harness.refused[WorkKey(key + 1)] == .seconds(5), "three seconds are longer than its patience")
        harness.send(.arrive(Harness.request(key + 2, .standard, patience: .seconds(1))))
        #expect(harness.refused.count == 1, "background work makes room for it")
    }

    @Test("who does not wait is told when a place will be free")
    func noPatience() {
        var (harness, key) = Self.measured()
        for _ in 0..<20 {
            harness.arrive(key, .flex)
            key += 1
        }
        harness.send(.arrive(Harness.request(key, .flex, patience: .zero)))
        let delay = harness.refused[WorkKey(key)]?.secondsApproximate ?? 0
        #expect((18...26).contains(delay), "\(delay)")
        var fresh = Harness(engines: [Harness.engine("one", 1)])
        fresh.send(.arrive(Harness.request(1, .flex, patience: .zero)))
        fresh.send(.arrive(Harness.request(2, .flex, patience: .zero)))
        #expect(fresh.dispatched.map(\.key.number) == [1])
        #expect(fresh.refused == [WorkKey(2): .seconds(5)], "nothing is known of the engine")
        #expect(fresh.scheduler.statistics.refused[Lane.flex.rawValue] == 1)
        #expect(fresh.scheduler.waitingCount(.flex) == 0)
    }

    /// 22 requests wait a second each, with a patience of 30 s.
    static func queue() -> (harness: Harness, keys: [WorkKey]) {
        var (harness, key) = Self.measured()
        var keys: [WorkKey] = []
        for _ in 0..<20 {
            harness.send(.arrive(Harness.request(key, .flex, patience: .seconds(30))))
            keys.append(WorkKey(key))
            key += 1
        }
        return (harness, keys)
    }

    @Test("who can no longer be served in its patience is refused before it has waited for it, from behind")
    func slower() {
        var (harness, keys) = Self.queue()
        #expect(harness.refused.isEmpty)
        // From now on one ends every three seconds.
        for _ in 0..<5 {
            harness.pass(3)
            harness.finish(harness.dispatched[harness.dispatched.count - 1].key)
        }
        #expect(!harness.refused.isEmpty, "half of the patience is left")
        let kept = keys.filter { harness.refused[$0] == nil }
        #expect(kept.prefix(4) == keys.prefix(4), "those in front are served")
        #expect(harness.refused.values.allSatisfy { $0 >= .seconds(5) && $0 <= .seconds(60) })
        let refusedThen = harness.refused.count
        for _ in 0..<15 {
            harness.pass(3)
            harness.finish(harness.dispatched[harness.dispatched.count - 1].key)
        }
        #expect(harness.scheduler.waitingCount(.flex) == 0)
        #expect(harness.refused.count >= refusedThen && harness.dispatched.count > 63 + 7, "not all were refused")
    }

    @Test("a slow moment refuses nobody who is served in time after it")
    func hiccup() {
        var (harness, keys) = Self.queue()
        harness.pass(4)
        for _ in 0..<30 {
            harness.pass(1)
            harness.finish(harness.dispatched[harness.dispatched.count - 1].key)
        }
        #expect(harness.refused.isEmpty)
        #expect(harness.dispatched.map(\.key).contains(keys[19]))
    }

    @Test("a minute in which interactive work took everything does not make flex refused after it")
    func starved() {
        var harness = Harness(engines: [Harness.engine("one", 2)])
        var key: UInt64 = 0
        func next(_ lane: Lane, _ count: Int) {
            for _ in 0..<count {
                key += 1
                harness.send(.arrive(Harness.request(key, lane, patience: .seconds(300))))
            }
        }
        var ended: Set<WorkKey> = []
        /// What runs ends after a second.
        func second() {
            harness.pass(1)
            let running = Set(harness.dispatched.map(\.key)).subtracting(ended).filter { key in
                harness.dispatched.count { $0.key == key } > harness.preempted.count { $0 == key }
            }
            for key in running.sorted() { harness.finish(key) }
            ended.formUnion(running)
        }
        next(.flex, 42)
        for _ in 0..<20 { second() }
        next(.flex, 4)
        let waiting = (key - 3)...key
        for _ in 0..<120 {
            next(.standard, 2)
            second()
        }
        for key in waiting { harness.send(.gone(WorkKey(key))) }
        for _ in 0..<20 { second() }
        let refused = harness.refused.count
        next(.flex, 8)
        #expect(harness.refused.count == refused, "eight requests of a second on two places")
    }

    @Test("a wait that no duration can hold is refused with the longest delay")
    func endless() {
        var harness = Harness(engines: [Harness.engine("one", 1)])
        func large(_ key: UInt64, patience: Duration) -> WorkRequest {
            Harness.request(key, .flex, prompt: 1_000_000, patience: patience)
        }
        // One small request that used a billion tokens, and then nothing is served for ten minutes.
        harness.send(.arrive(Harness.request(1, .flex, prompt: 1, output: 1)))
        for key: UInt64 in 2...3 { harness.send(.arrive(large(key, patience: .seconds(1_000_000_000)))) }
        harness.finish(WorkKey(1), output: 1_000_000_000)
        harness.pass(600)
        #expect(harness.scheduler.waitingCount(.flex) == 1)
        let wait = harness.scheduler.foretoldWait(.flex, project: "proj_a", pool: Harness.pool)
        #expect(wait > 2e20, "\(wait)")
        harness.send(.arrive(large(4, patience: .seconds(60))))
        #expect(harness.refused == [WorkKey(4): .seconds(60)])
    }

    @Test("engines that take nothing for a moment do not empty the queue")
    func away() {
        var (harness, _) = Self.queue()
        harness.send(.available("one", false))
        harness.pass(20)
        #expect(harness.refused.isEmpty)
        harness.send(.available("one", true))
        for _ in 0..<4 {
            harness.pass(0.5)
            harness.finish(harness.dispatched[harness.dispatched.count - 1].key)
        }
        #expect(harness.refused.isEmpty)
    }
}
