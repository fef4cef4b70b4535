/// What each line adds to the trie of a batch's prompts: the least that must be computed of them.
///
/// The line that comes first in the order stands for all that it shares with later ones, so the parts of all lines add
/// up to the trie, and those of the lines that have ended never pass what these lines need at least. Memory: 4 bytes a
/// line.
public struct PrefixShares: Hashable, Sendable {
    /// Blocks of each line's prompt that a line before it in the order has, too; by line.
    private let shared: [UInt32]

    public init(_ order: PrefixOrder) {
        var shared = [UInt32](repeating: 0, count: order.lines.count)
        for (place, line) in order.lines.enumerated() { shared[Int(line)] = order.shared[place] }
        self.shared = shared
    }

    /// Tokens of a prompt that must be computed in any case; the last token always is one.
    ///
    /// - Parameters:
    ///   - tokens: of the whole prompt, as the engine counted.
    ///   - blocks: of the whole prompt, as its chain has.
    public func least(of line: Int, tokens: Int64, blocks: Int) -> Int64 {
        guard self.shared.indices.contains(line), tokens > 0, blocks > 0 else { return max(0, tokens) }
        let own = Int64(max(0, blocks - Int(self.shared[line])))
        let (product, overflow) = tokens.multipliedReportingOverflow(by: own)
        return overflow ? tokens : min(tokens, max(1, product / Int64(blocks)))
    }
}
