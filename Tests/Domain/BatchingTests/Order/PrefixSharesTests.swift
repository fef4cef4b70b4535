import Batching
import Quantities
import Testing

@Suite("The least that must be computed of each prompt") struct PrefixSharesTests {
    private static let blockTokens = 32

    /// The least of these lines, as their parts add up; every block has the same number of tokens.
    private func sum(_ shares: PrefixShares, _ chains: [[UInt64]], _ lines: some Sequence<Int>) -> Int {
        lines.reduce(0) { sum, line in
            let blocks = chains[line].count
            return sum + Int(shares.least(of: line, tokens: Int64(blocks * Self.blockTokens), blocks: blocks))
        }
    }

    @Test("the parts of all lines are the trie, of some never more than they need", arguments: [1, 2] as [UInt64])
    func sums(_ seed: UInt64) {
        let chains = forest(groups: 12, subgroups: 3, leaves: 5, seed: seed)
        let shares = PrefixShares(order(chains))
        #expect(sum(shares, chains, chains.indices) == PrefixCost.trieBlocks(chains) * Self.blockTokens)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            let some = chains.indices.filter { _ in Bool.random(using: &random) }
            let need = PrefixCost.trieBlocks(some.map { chains[$0] }) * Self.blockTokens
            #expect(sum(shares, chains, some) <= need)
        }
        // As far as the order has come they are exact.
        let first = order(chains).lines.prefix(70).map { Int($0) }
        #expect(
            sum(shares, chains, first) == PrefixCost.trieBlocks(first.map { chains[$0] }) * Self.blockTokens)
    }

    @Test("one token of a prompt is computed in any case, and what is not known is computed whole")
    func edges() {
        let shares = PrefixShares(order([[1, 2], [1, 2]]))
        #expect(shares.least(of: 0, tokens: 50, blocks: 2) == 50)
        #expect(shares.least(of: 1, tokens: 50, blocks: 2) == 1)
        #expect(shares.least(of: 1, tokens: 50, blocks: 1) == 1, "fewer blocks than it shares")
        #expect(shares.least(of: 2, tokens: 50, blocks: 2) == 50)
        #expect(shares.least(of: 1, tokens: 50, blocks: 0) == 50)
        #expect(shares.least(of: 1, tokens: 0, blocks: 2) == 0)
    }
}
