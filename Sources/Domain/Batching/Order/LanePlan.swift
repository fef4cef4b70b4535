/// Hands out the lines of an order to the slots of an engine, so that each slot's own prefix cache is used.
///
/// For engines with a cache per slot (llama.cpp: lane number = `id_slot`): a lane works on one group at a time. When no
/// whole group is left, an idle lane takes the second half of the longest rest, cut where the least prefix is shared:
/// one more prefix is computed, but no slot idles. Where all slots share a cache the order itself is the plan.
public struct LanePlan: Sendable {
    private let order: PrefixOrder
    private let groups: PrefixGroups
    private var nextGroup = 0
    /// The places that each lane still has before it.
    private var rests: [Range<Int>]
    /// A plan over an order; `sharing` is the number of blocks that make a group (16 blocks are 4 KiB of prompt).
    public init(_ order: PrefixOrder, slots: Int, sharing blocks: Int = 4) {
        precondition(slots > 0, "an engine has at least one slot")
        self.order = order
        self.groups = PrefixGroups(order, sharing: blocks)
        self.rests = Array(repeating: 0..<0, count: slots)
    }

    /// The next line for a lane, or nil when nothing is left that it could take.
    public mutating func next(lane: Int) -> Int? {
        precondition(self.rests.indices.contains(lane), "a lane of this plan")
        if self.rests[lane].isEmpty { self.refill(lane) }
        guard let place = self.rests[lane].first else { return nil }
        self.rests[lane] = place + 1..<self.rests[lane].upperBound
        return Int(self.order.lines[place])
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
