/// A least-recently-used set of prompt blocks, named by their chain hash.
///
/// A block's hash covers everything before it, so a prompt's cached part is its longest run of known blocks from the
/// start. Tails leave before heads: a prompt's blocks are touched last block first.
package struct PrefixCache: Sendable {
    private struct Node {
        var hash: UInt64
        var newer: Int32
        var older: Int32
    }

    private static let none: Int32 = -1

    package let blocksMax: Int
    private var places: [UInt64: Int32] = [:]
    private var nodes: [Node] = []
    private var newest = Self.none
    private var oldest = Self.none

    /// `blocksMax` up to 2^31 - 1; 0 remembers nothing.
    package init(blocksMax: Int) { self.blocksMax = blocksMax }

    package var count: Int { self.nodes.count }

    /// How many blocks from the start of `chain` are known.
    package func match(_ chain: [UInt64]) -> Int {
        var matched = 0
        while matched < chain.count, self.places[chain[matched]] != nil { matched += 1 }
        return matched
    }

    /// Makes the blocks the most recent ones, the first block most of all.
    package mutating func insert(_ chain: [UInt64]) {
        guard self.blocksMax > 0 else { return }
        // Blocks beyond the capacity would only push out the head of their own chain.
        for hash in chain.prefix(self.blocksMax).reversed() { self.touch(hash) }
    }

    private mutating func touch(_ hash: UInt64) {
        if let place = self.places[hash] {
            guard place != self.newest else { return }
            self.unlink(place)
            self.linkNewest(place)
            return
        }
        let place: Int32
        if self.nodes.count < self.blocksMax {
            place = Int32(self.nodes.count)
            self.nodes.append(Node(hash: hash, newer: Self.none, older: Self.none))
        } else {
            place = self.oldest
            self.unlink(place)
            self.places[self.nodes[Int(place)].hash] = nil
            self.nodes[Int(place)].hash = hash
        }
        self.places[hash] = place
        self.linkNewest(place)
    }

    private mutating func unlink(_ place: Int32) {
        let node = self.nodes[Int(place)]
        if node.newer == Self.none { self.newest = node.older } else { self.nodes[Int(node.newer)].older = node.older }
        if node.older == Self.none { self.oldest = node.newer } else { self.nodes[Int(node.older)].newer = node.newer }
    }

    private mutating func linkNewest(_ place: Int32) {
        self.nodes[Int(place)].newer = Self.none
        self.nodes[Int(place)].older = self.newest
        if self.newest == Self.none { self.oldest = place } else { self.nodes[Int(self.newest)].newer = place }
        self.newest = place
    }
}
