/// Hands out the lines of an order to caches, so that each common beginning is computed for one of them.
///
/// A lane is what has a cache of its own: an engine, or a slot of one (llama.cpp). It works on one group at a time.
/// Lines that share nothing with their neighbours come after all groups: no lane is better for them than another. When
/// those are gone too, an idle lane takes the second half of the longest rest, cut where the least prefix is shared:
/// one more prefix is computed, but no lane idles. Where there is one cache only the order itself is the plan.
public struct LanePlan: Sendable {
    /// A line whose turn it is.
    public struct Turn: Hashable, Sendable {
        public let line: Int
        /// True for a line that shares its beginning with neighbours: the lane's own cache is the one to run it.
        public let isGrouped: Bool
    }

    private struct Rest {
        var places: Range<Int>
        var isGrouped: Bool
    }

    private let order: PrefixOrder
    private let groups: PrefixGroups
    /// Groups no lane has taken: those of several lines before single lines.
    private var waiting: ArraySlice<UInt32>
    /// The places that each lane still has before it.
    private var rests: [Rest]
    /// What lanes that work no more had before them; the first one is next.
    private var givenBack: [Rest] = []

    /// A plan over an order; `sharing` is the number of blocks that make a group.
    ///
    /// One block is enough: a group that is too wide is cut where it shares least, but lines of a group that was not
    /// seen end up on different slots, each of which computes their beginning.
    public init(_ order: PrefixOrder, slots: Int, sharing blocks: Int = 1) {
        precondition(slots >= 0, "a number of lanes")
        let groups = PrefixGroups(order, sharing: blocks)
        let numbers = 0..<UInt32(groups.count)
        self.order = order
        self.groups = groups
        self.waiting =
            (numbers.filter { groups.places(of: Int($0)).count > 1 }
            + numbers.filter { groups.places(of: Int($0)).count == 1 })[...]
        self.rests = Array(repeating: Rest(places: 0..<0, isGrouped: false), count: slots)
    }

    /// One more lane.
    ///
    /// - Returns: its number.
    public mutating func addLane() -> Int {
        self.rests.append(Rest(places: 0..<0, isGrouped: false))
        return self.rests.count - 1
    }

    /// The lane works no more, for now: what it has before it is what the others take next.
    public mutating func giveBack(lane: Int) {
        guard !self.rests[lane].places.isEmpty else { return }
        self.givenBack.append(self.rests[lane])
        self.rests[lane].places = 0..<0
    }

    /// The next line for a lane, or nil when nothing is left that it could take.
    public mutating func next(lane: Int) -> Turn? {
        precondition(self.rests.indices.contains(lane), "a lane of this plan")
        if self.rests[lane].places.isEmpty { self.refill(lane) }
        return self.rests[lane].places.popFirst().map {
            Turn(line: Int(self.order.lines[$0]), isGrouped: self.rests[lane].isGrouped)
        }
    }

    private mutating func refill(_ lane: Int) {
        if !self.givenBack.isEmpty {
            self.rests[lane] = self.givenBack.removeFirst()
            return
        }
        if let group = self.waiting.popFirst() {
            let places = self.groups.places(of: Int(group))
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
