/// What an order of lines costs in computed prompt blocks.
enum PrefixCost {
    /// The least number of blocks that any order computes: the distinct prefixes, that is, the nodes of the trie.
    static func trieBlocks(_ chains: [[UInt64]]) -> Int {
        var distinct: Set<UInt64> = []
        for chain in chains { distinct.formUnion(chain) }
        return distinct.count
    }

    /// The blocks computed when lines run one after another in `order` on an engine with a cache of `cacheBlocks`
    /// blocks that forgets the least recently used one.
    static func computedBlocks(_ chains: [[UInt64]], order: some Sequence<Int>, cacheBlocks: Int) -> Int {
        var cache = BlockCache(capacity: cacheBlocks)
        return order.reduce(0) { $0 + cache.run(chains[$1]) }
    }
}

/// A cache of prefix blocks that forgets the least recently used one.
private struct BlockCache {
    private struct Node {
        let block: UInt64
        var older: Int
        var newer: Int
    }

    private let capacity: Int
    private var nodes: [Node] = []
    private var places: [UInt64: Int] = [:]
    private var oldest = -1
    private var newest = -1

    init(capacity: Int) {
        precondition(capacity > 0, "a cache holds at least one block")
        self.capacity = capacity
    }

    /// Runs a prompt: returns how many of its blocks were not cached, and caches all of them.
    mutating func run(_ chain: [UInt64]) -> Int {
        let hits = chain.prefix { self.places[$0] != nil }.count
        // From the end, so that the start of the prompt, which others may share, is the most recent.
        for block in chain.reversed() { self.touch(block) }
        return chain.count - hits
    }

    private mutating func touch(_ block: UInt64) {
        if let place = self.places[block] {
            self.unlink(place)
            self.link(place)
        } else if self.nodes.count < self.capacity {
            self.nodes.append(Node(block: block, older: -1, newer: -1))
            self.places[block] = self.nodes.count - 1
            self.link(self.nodes.count - 1)
        } else {
            let place = self.oldest
            self.unlink(place)
            self.places[self.nodes[place].block] = nil
            self.nodes[place] = Node(block: block, older: -1, newer: -1)
            self.places[block] = place
            self.link(place)
        }
    }

    private mutating func unlink(_ place: Int) {
        let node = self.nodes[place]
        if node.older >= 0 { self.nodes[node.older].newer = node.newer } else { self.oldest = node.newer }
        if node.newer >= 0 { self.nodes[node.newer].older = node.older } else { self.newest = node.older }
    }

    private mutating func link(_ place: Int) {
        self.nodes[place].older = self.newest
        self.nodes[place].newer = -1
        if self.newest >= 0 { self.nodes[self.newest].newer = place } else { self.oldest = place }
        self.newest = place
    }
}
