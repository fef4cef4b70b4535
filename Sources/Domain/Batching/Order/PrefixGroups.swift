/// Neighbouring lines of an order that share at least a given number of blocks: what one engine slot should run in a
/// row.
public struct PrefixGroups: Hashable, Sendable {
    /// The first place of each group in the order, ascending.
    private let starts: [UInt32]
    private let placeCount: Int

    /// Groups of lines that share at least `blocks` blocks (at least 1). A line that shares fewer with
    /// both neighbours is a group of its own.
    public init(_ order: PrefixOrder, sharing blocks: Int = 1) {
        let least = UInt32(max(blocks, 1))
        self.placeCount = order.lines.count
        self.starts = order.shared.indices.filter { $0 == 0 || order.shared[$0] < least }.map { UInt32($0) }
    }

    public var count: Int { self.starts.count }

    /// The places of the order that belong to a group.
    public func places(of group: Int) -> Range<Int> {
        let end = group + 1 < self.starts.count ? Int(self.starts[group + 1]) : self.placeCount
        return Int(self.starts[group])..<end
    }
}
