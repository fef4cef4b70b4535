import Batching
import Quantities
import Testing

/// Chains of a forest of prompts: groups with a common start, below them subgroups, below those single ends.
func forest(
    groups: Int, subgroups: Int, leaves: Int, blocks: Int = 16, seed: UInt64, shuffled: Bool = true
) -> [[UInt64]] {
    var random = SeededGenerator(seed: seed)
    var chains: [[UInt64]] = []
    for _ in 0..<groups {
        let root = (0..<blocks / 2).map { _ in random.next() }
        for _ in 0..<subgroups {
            let middle = root + (0..<blocks / 4).map { _ in random.next() }
            for _ in 0..<leaves {
                chains.append(middle + (0..<blocks - middle.count).map { _ in random.next() })
            }
        }
    }
    if shuffled { chains.shuffle(using: &random) }
    return chains
}

func order(_ chains: [[UInt64]], keysBytesMax: Int = 16 << 20, outputs: [UInt32] = []) -> PrefixOrder {
    var builder = PrefixOrderBuilder(keysBytesMax: keysBytesMax)
    for (line, chain) in chains.enumerated() {
        builder.append(chain: chain, outputTokens: outputs.isEmpty ? 0 : outputs[line])
    }
    return builder.build()
}

@Suite("The order of lines by prefix") struct PrefixOrderTests {
    @Test("every line comes once, whatever the chains", arguments: [1, 2, 3] as [UInt64])
    func permutation(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let chains = (0..<500).map { _ in
            (0..<Int.random(in: 0...6, using: &random)).reduce(into: [UInt64]()) { chain, _ in
                chain.append((chain.last ?? 1) &* 31 &+ UInt64.random(in: 0...2, using: &random))
            }
        }
        let order = order(chains)
        #expect(order.lines.sorted() == (0..<500).map { UInt32($0) })
        #expect(order.totalBlocks == chains.reduce(0) { $0 + $1.count })
        #expect(order.minimumBlocks == PrefixCost.trieBlocks(chains))
    }

    @Test(
        "the depth-first order computes the trie's lower bound, arrival order much more", arguments: [5, 6] as [UInt64])
    func lowerBound(_ seed: UInt64) {
        let chains = forest(groups: 60, subgroups: 5, leaves: 10, seed: seed)
        let bound = PrefixCost.trieBlocks(chains)
        let sorted = order(chains)
        let best = PrefixCost.computedBlocks(chains, order: sorted.lines.map { Int($0) }, cacheBlocks: 200)
        let arrival = PrefixCost.computedBlocks(chains, order: chains.indices, cacheBlocks: 200)
        #expect(sorted.minimumBlocks == bound)
        #expect(best == bound)
        #expect(Double(arrival) >= 1.4 * Double(bound))
    }

    @Test("heavier subtrees come first, then longer outputs, then the file's order") func ranking() {
        let chains: [[UInt64]] = [[1], [2, 20], [2, 21], [3], [4], [2, 22], [1], [], [3, 30, 31, 32, 33, 34]]
        let outputs: [UInt32] = [5, 1, 9, 0, 7, 1, 8, 0, 0]
        #expect(order(chains, outputs: outputs).lines == [7, 3, 8, 2, 1, 5, 6, 0, 4])
        #expect(order(chains, outputs: outputs).shared == [0, 0, 1, 0, 1, 1, 0, 1, 0])
    }

    @Test("the order depends on the chains only") func deterministic() {
        let chains = forest(groups: 10, subgroups: 3, leaves: 5, seed: 8)
        #expect(order(chains) == order(chains))
        #expect(order([]).lines.isEmpty && order([]).minimumBlocks == 0)
        #expect(order([[], [], []]).lines == [0, 1, 2])
    }

    @Test("identical long prompts and nested prompts need no deep recursion") func deep() {
        let long = (1...100_000).map { UInt64($0) }
        let same = order([long, long, long])
        #expect(same.lines == [0, 1, 2] && same.shared == [0, 100_000, 100_000])
        let nested = (0..<300).map { Array(long.prefix(300 - $0)) }
        #expect(order(nested).lines == (0..<300).reversed().map { UInt32($0) })
    }

    @Test("over the bound keys get coarser, memory stays bounded and most sharing is kept", arguments: [1, 2, 4, 8])
    func coarser(_ divisor: Int) {
        let chains = forest(groups: 40, subgroups: 4, leaves: 10, blocks: 32, seed: 3)
        var builder = PrefixOrderBuilder(keysBytesMax: chains.count * 32 * 8 / divisor)
        for chain in chains {
            builder.append(chain: chain)
            #expect(builder.keysBytes <= builder.keysBytesMax)
        }
        #expect(builder.coarseness == divisor)
        let order = builder.build()
        let bound = PrefixCost.trieBlocks(chains)
        let computed = PrefixCost.computedBlocks(chains, order: order.lines.map { Int($0) }, cacheBlocks: 200)
        #expect(Double(computed) <= 1.01 * Double(bound))
    }

    @Test("a bound smaller than any chain still gives an order") func tinyBound() {
        #expect(order(forest(groups: 3, subgroups: 1, leaves: 2, seed: 1), keysBytesMax: 8).lines.count == 6)
    }

    @Test("a cache of one block, of a path and of everything computes what it must") func cacheSizes() {
        let chains: [[UInt64]] = [[1, 2, 3], [1, 2, 4], [9], [1, 2, 3]]
        #expect(PrefixCost.computedBlocks(chains, order: 0..<4, cacheBlocks: 100) == 5)
        #expect(PrefixCost.computedBlocks(chains, order: [0, 3, 1, 2], cacheBlocks: 3) == 5)
        #expect(PrefixCost.computedBlocks(chains, order: 0..<4, cacheBlocks: 3) == 3 + 1 + 1 + 1)
        #expect(PrefixCost.computedBlocks(chains, order: 0..<4, cacheBlocks: 1) == 3 + 2 + 1 + 3)
    }

    @Test("50,000 lines of 16 blocks fit the bound uncut and reach the trie's lower bound") func large() {
        let chains = forest(groups: 500, subgroups: 10, leaves: 10, seed: 77)
        var builder = PrefixOrderBuilder()
        for chain in chains { builder.append(chain: chain) }
        #expect(builder.keysBytes == 50_000 * 16 * 8 && builder.coarseness == 1)
        let order = builder.build()
        #expect(order.lines.count == 50_000)
        #expect(order.minimumBlocks == 500 * 8 + 5_000 * 4 + 50_000 * 4)
    }
}
