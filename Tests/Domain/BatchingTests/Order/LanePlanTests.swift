import Batching
import Quantities
import Testing

/// Runs a plan with all lanes in turn; returns the lines of each lane.
private func run(_ order: PrefixOrder, slots: Int) -> [[Int]] {
    var plan = LanePlan(order, slots: slots)
    var lanes = Array(repeating: [Int](), count: slots)
    var idle = 0
    var lane = 0
    while idle < slots {
        if let turn = plan.next(lane: lane) {
            lanes[lane].append(turn.line)
            idle = 0
        } else {
            idle += 1
        }
        lane = (lane + 1) % slots
    }
    return lanes
}

/// Blocks computed when every lane has a cache of its own.
private func computed(_ chains: [[UInt64]], _ lanes: [[Int]], cacheBlocks: Int) -> Int {
    lanes.reduce(0) { $0 + PrefixCost.computedBlocks(chains, order: $1, cacheBlocks: cacheBlocks) }
}

@Suite("Groups and lanes") struct LanePlanTests {
    @Test("groups are the runs of lines that share enough blocks") func groups() {
        let order = order(forest(groups: 7, subgroups: 3, leaves: 4, seed: 1))
        #expect(PrefixGroups(order, sharing: 1).count == 7)
        #expect(PrefixGroups(order, sharing: 9).count == 21)
        #expect(PrefixGroups(order, sharing: 13).count == 84)
        let groups = PrefixGroups(order, sharing: 9)
        var place = 0
        for group in 0..<groups.count {
            #expect(groups.places(of: group) == place..<place + 4)
            place += 4
        }
    }

    @Test("with a cache per slot each group stays on one lane, near the bound", arguments: [1, 4, 8])
    func perSlot(_ slots: Int) {
        let chains = forest(groups: 96, subgroups: 1, leaves: 8, seed: 6)
        let order = order(chains)
        let lanes = run(order, slots: slots)
        #expect(lanes.flatMap { $0 }.sorted() == Array(0..<chains.count))
        let bound = PrefixCost.trieBlocks(chains)
        let planned = computed(chains, lanes, cacheBlocks: 16)
        #expect(Double(planned) <= 1.05 * Double(bound))
        if slots == 4 {
            let turns = (0..<4).map { lane in stride(from: lane, to: chains.count, by: 4).map { Int(order.lines[$0]) } }
            #expect(Double(computed(chains, turns, cacheBlocks: 16)) >= 1.5 * Double(bound))
        }
    }

    @Test("one group for all lanes is cut, so that no lane idles while another has much to do") func oneGroup() {
        let chains = forest(groups: 1, subgroups: 1, leaves: 1_000, seed: 2)
        let lanes = run(order(chains), slots: 4)
        #expect(lanes.flatMap { $0 }.sorted() == Array(0..<1_000))
        #expect(lanes.allSatisfy { (200...300).contains($0.count) })
        #expect(Double(computed(chains, lanes, cacheBlocks: 16)) <= 1.05 * Double(PrefixCost.trieBlocks(chains)))
    }

    @Test("a rest is cut where the least is shared") func cutsBetweenSubgroups() {
        let chains = forest(groups: 1, subgroups: 2, leaves: 10, seed: 2)
        var plan = LanePlan(order(chains), slots: 2)
        let lines = order(chains).lines
        #expect(plan.next(lane: 0)?.line == Int(lines[0]))
        #expect(plan.next(lane: 1)?.line == Int(lines[10]))
    }

    @Test("a block is enough for a group, and lines that share nothing come last and need no slot") func single() {
        let chains: [[UInt64]] = [[9, 9, 9, 9, 9], [1, 10], [8, 8, 8], [1, 11], [2, 20], [7], [2, 21]]
        var plan = LanePlan(order(chains), slots: 1)
        let turns = (0..<chains.count).compactMap { _ in plan.next(lane: 0) }
        #expect(turns.map(\.line) == [1, 3, 4, 6, 0, 2, 5])
        #expect(turns.map(\.isGrouped) == [true, true, true, true, false, false, false])
    }

    @Test("a lane that works no more gives back what it had before it, which is next for the others")
    func givesBack() {
        let chains = forest(groups: 4, subgroups: 1, leaves: 5, seed: 4, shuffled: false)
        let lines = order(chains).lines.map { Int($0) }
        var plan = LanePlan(order(chains), slots: 1)
        let added = plan.addLane()
        let begun = [plan.next(lane: 0)?.line, plan.next(lane: 1)?.line]
        #expect(added == 1 && begun == [lines[0], lines[5]])
        plan.giveBack(lane: 0)
        plan.giveBack(lane: 0)
        let rest = (0..<18).compactMap { _ in plan.next(lane: 1)?.line }
        // First its own group to the end, then the one that was given back, then the others.
        #expect(rest == Array(lines[6..<10] + lines[1..<5] + lines[10...]))
        let end = [plan.next(lane: 0), plan.next(lane: 1)]
        #expect(end == [nil, nil])
    }

    @Test("every line is handed out once, in random turns", arguments: [1, 2, 3] as [UInt64])
    func randomTurns(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let count = 3 * 4 * 6
        var plan = LanePlan(order(forest(groups: 3, subgroups: 4, leaves: 6, seed: seed)), slots: 5)
        var seen: [Int] = []
        while seen.count < count {
            if let turn = plan.next(lane: Int.random(in: 0..<5, using: &random)) { seen.append(turn.line) }
        }
        for lane in 0..<5 {
            let end = plan.next(lane: lane)
            #expect(end == nil)
        }
        #expect(seen.sorted() == Array(0..<count))
    }

    @Test("an empty order has nothing to hand out") func empty() {
        #expect(run(order([]), slots: 3) == [[], [], []])
    }
}
