/// Hands out the lines of an order to the slots of an engine, so that each slot's own prefix cache is used.
///
/// With a cache per slot (llama.cpp: lane number = `id_slot`) a lane works on one group at a time. Lines that share
/// nothing with their neighbours come after all groups: no slot is better for them than another. When those are gone
/// too, an idle lane takes the second half of the longest rest, cut where the least prefix is shared: one more prefix
/// is computed, but no slot idles. With a shared cache all lanes take the next line of the order.
public struct LanePlan: Sendable {
    public enum Cache: Hashable, Sendable {
        /// One cache for all requests (vLLM, SGLang, paid hosts).
        case shared
        /// Each slot has a cache of its own, and there are this many slots.
        case perSlot(Int)
    }

    /// A line whose turn it is.
    public struct Turn: Hashable, Sendable {
        public let line: Int
        /// True for a line that shares its beginning with neighbours: the lane's own slot is the one to run it.
        public let isGrouped: Bool
    }

    public let cache: Cache
    private let order: PrefixOrder
    private let groups: PrefixGroups
    /// Groups no lane has taken: those of several lines before single lines.
    private var waiting: ArraySlice<UInt32> = []
    /// Lines of `waiting`.
    private var waitingCount = 0
    /// The places that each lane still has before it.
    private var rests: [Rest]
    /// Lines that came back to a lane; the last one is its head.
    private var returned: [[Turn]]

    private struct Rest {
        var places: Range<Int>
        var isGrouped: Bool
    }

    /// A plan over an order; `sharing` is the number of blocks that make a group.
    ///
    /// One block is enough: a group that is too wide is cut where it shares least, but lines of a group that was
    /// not seen end up on different slots, each of which computes their beginning.
    public init(_ order: PrefixOrder, cache: Cache, sharing blocks: Int = 1) {
        self.cache = cache
        self.order = order
        switch cache {
        case .shared:
            self.groups = PrefixGroups(order, sharing: 1)
            self.rests = [Rest(places: 0..<order.lines.count, isGrouped: true)]
        case .perSlot(let lanes):
            precondition(lanes > 0, "an engine has at least one slot")
            let groups = PrefixGroups(order, sharing: blocks)
            self.groups = groups
            let numbers = 0..<UInt32(groups.count)
            self.waiting =
                (numbers.filter { groups.places(of: Int($0)).count > 1 }
                + numbers.filter { groups.places(of: Int($0)).count == 1 })[...]
            self.waitingCount = order.lines.count
            self.rests = Array(repeating: Rest(places: 0..<0, isGrouped: false), count: lanes)
        }
        self.returned = Array(repeating: [], count: self.rests.count)
    }

    public var laneCount: Int { self.rests.count }

    /// Lines not handed out, or handed back.
    public var remainingCount: Int {
        self.waitingCount + self.rests.reduce(0) { $0 + $1.places.count }
            + self.returned.reduce(0) { $0 + $1.count }
    }

    /// The next line for a lane, or nil when nothing is left that it could take. With a shared cache every lane number
    /// is good.
    public mutating func next(lane: Int) -> Turn? {
        let lane = self.slot(lane)
        if let turn = self.returned[lane].popLast() { return turn }
        if self.rests[lane].places.isEmpty { self.refill(lane) }
        if let place = self.rests[lane].places.popFirst() {
            return Turn(line: Int(self.order.lines[place]), isGrouped: self.rests[lane].isGrouped)
        }
        // Only single lines that came back to other lanes are left.
        guard let other = self.returned.indices.max(by: { self.returned[$0].count < self.returned[$1].count }) else {
            return nil
        }
        return self.returned[other].popLast()
    }

    /// Takes a preempted line back, to the head of its lane.
    public mutating func giveBack(_ turn: Turn, lane: Int) { self.returned[self.slot(lane)].append(turn) }

    private func slot(_ lane: Int) -> Int {
        if case .shared = self.cache { return 0 }
        precondition(self.rests.indices.contains(lane), "a lane of this plan")
        return lane
    }

    private mutating func refill(_ lane: Int) {
        if let group = self.waiting.popFirst() {
            let places = self.groups.places(of: Int(group))
            self.waitingCount -= places.count
            self.rests[lane] = Rest(places: places, isGrouped: places.count > 1)
            return
        }
        let lengths = self.rests.map(\.places.count)
        guard let longest = lengths.indices.max(by: { lengths[$0] < lengths[$1] }), lengths[longest] > 0 else { return }
        let rest = self.rests[longest].places
        let cut = rest.count == 1 ? rest.lowerBound : self.cut(rest)
        self.rests[longest].places = rest.lowerBound..<cut
        self.rests[lane] = Rest(places: cut..<rest.upperBound, isGrouped: self.rests[longest].isGrouped)
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
