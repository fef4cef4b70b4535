/// Hands out the lines of an order to the slots of an engine, so that each slot's own prefix cache is used.
///
/// With a cache per slot (llama.cpp: lane number = `id_slot`) a lane works on one group at a time. When no whole group
/// is left, an idle lane takes the second half of the longest rest, cut where the least prefix is shared: one more
/// prefix is computed, but no slot idles. With a shared cache all lanes take the next line of the order.
public struct LanePlan: Sendable {
    public enum Cache: Hashable, Sendable {
        /// One cache for all requests (vLLM, SGLang, paid hosts).
        case shared
        /// Each slot has a cache of its own, and there are this many slots.
        case perSlot(Int)
    }

    public let cache: Cache
    private let order: PrefixOrder
    private let groups: PrefixGroups
    private var nextGroup = 0
    /// The places that each lane still has before it.
    private var rests: [Range<Int>]
    /// Lines that came back to a lane; the last one is its head.
    private var returned: [[UInt32]]

    /// A plan over an order; `sharing` is the number of blocks that make a group (16 blocks are 4 KiB of prompt).
    public init(_ order: PrefixOrder, cache: Cache, sharing blocks: Int = 4) {
        self.cache = cache
        self.order = order
        switch cache {
        case .shared:
            self.groups = PrefixGroups(order, sharing: 1)
            self.rests = [0..<order.lines.count]
            self.nextGroup = self.groups.count
        case .perSlot(let lanes):
            precondition(lanes > 0, "an engine has at least one slot")
            self.groups = PrefixGroups(order, sharing: blocks)
            self.rests = Array(repeating: 0..<0, count: lanes)
        }
        self.returned = Array(repeating: [], count: self.rests.count)
    }

    public var laneCount: Int { self.rests.count }

    /// Lines not handed out, or handed back.
    public var remainingCount: Int {
        let unassigned =
            self.nextGroup < self.groups.count
            ? self.order.lines.count - self.groups.places(of: self.nextGroup).lowerBound : 0
        return unassigned + self.rests.reduce(0) { $0 + $1.count } + self.returned.reduce(0) { $0 + $1.count }
    }

    /// The next line for a lane, or nil when nothing is left that it could take. With a shared cache every lane number
    /// is good.
    public mutating func next(lane: Int) -> Int? {
        let lane = self.slot(lane)
        if let line = self.returned[lane].popLast() { return Int(line) }
        if self.rests[lane].isEmpty { self.refill(lane) }
        if let place = self.rests[lane].first {
            self.rests[lane] = place + 1..<self.rests[lane].upperBound
            return Int(self.order.lines[place])
        }
        // Only single lines that came back to other lanes are left.
        guard let other = self.returned.indices.max(by: { self.returned[$0].count < self.returned[$1].count }) else {
            return nil
        }
        return self.returned[other].popLast().map { Int($0) }
    }

    /// Takes a preempted line back, to the head of its lane.
    public mutating func giveBack(_ line: Int, lane: Int) {
        self.returned[self.slot(lane)].append(UInt32(line))
    }

    private func slot(_ lane: Int) -> Int {
        if case .shared = self.cache { return 0 }
        precondition(self.rests.indices.contains(lane), "a lane of this plan")
        return lane
    }

    private mutating func refill(_ lane: Int) {
        if self.nextGroup < self.groups.count {
            self.rests[lane] = self.groups.places(of: self.nextGroup)
            self.nextGroup += 1
            return
        }
        guard let longest = self.rests.indices.max(by: { self.rests[$0].count < self.rests[$1].count }),
            !self.rests[longest].isEmpty
        else { return }
        let rest = self.rests[longest]
        let cut = rest.count == 1 ? rest.lowerBound : self.cut(rest)
        self.rests[longest] = rest.lowerBound..<cut
        self.rests[lane] = cut..<rest.upperBound
    }

    /// The place in the middle half of a range where the least prefix is shared, nearest to the middle among equals.
    private func cut(_ rest: Range<Int>) -> Int {
        let middle = rest.lowerBound + (rest.count + 1) / 2
        let reach = rest.count / 4
        var best = middle
        for place in max(rest.lowerBound + 1, middle - reach)...min(rest.upperBound - 1, middle + reach) {
            let (shared, least) = (self.order.shared[place], self.order.shared[best])
            if shared < least || shared == least && abs(place - middle) < abs(best - middle) { best = place }
        }
        return best
    }
}
