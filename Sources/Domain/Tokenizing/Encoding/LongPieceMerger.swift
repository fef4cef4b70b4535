/// Merges a long piece with a linked list of parts and a heap of pairs: n log n steps for n bytes.
///
/// One letter repeated a million times, a page of spaces or a base64 line of any length is one piece. Needs 28 bytes of
/// memory for each byte of the piece while it runs.
struct LongPieceMerger {
    private let piece: UnsafePointer<UInt8>
    private let length: Int
    private let lookup: TokenLookup
    /// By start of a part: the start of the next part; `length` behind the last.
    private let next: UnsafeMutablePointer<UInt32>
    /// By start of a part: the start of the part before it.
    private let previous: UnsafeMutablePointer<UInt32>
    /// By start of a part: the rank of the token that it would become with its right neighbour. A heap entry that
    /// says otherwise is out of date.
    private let pairRank: UnsafeMutablePointer<UInt32>
    /// Entries `rank << 32 | start`, smallest first: lowest rank, then leftmost. At most 2 * length: there are fewer
    /// than `length` pairs at first, and each merge takes one entry and adds at most two.
    private let heap: UnsafeMutablePointer<UInt64>
    private var heapCount = 0
    /// Levels of the heap that entries passed, and pairs that were looked up.
    private var steps = 0

    /// Hands the tokens of `piece` to `sink`.
    ///
    /// - Precondition: `length` is from 2 to 2^32 - 2: a single piece of four gigabytes is not supported.
    static func merge<Sink: TokenSink>(
        _ piece: UnsafePointer<UInt8>, _ length: Int, _ lookup: TokenLookup, into sink: inout Sink
    ) {
        precondition(length > 1 && length < Int(UInt32.max), "a piece of 4 GiB or more")
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 3 * length) { links in
            withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 2 * length) { heap in
                guard let links = links.baseAddress, let heap = heap.baseAddress else { return }
                var merger = LongPieceMerger(piece, length, lookup, links, heap)
                let count = merger.mergeAll()
                merger.give(count, to: &sink)
                sink.worked(steps: merger.steps)
            }
        }
    }

    private init(
        _ piece: UnsafePointer<UInt8>, _ length: Int, _ lookup: TokenLookup, _ links: UnsafeMutablePointer<UInt32>,
        _ heap: UnsafeMutablePointer<UInt64>
    ) {
        self.piece = piece
        self.length = length
        self.lookup = lookup
        self.next = links
        self.previous = links + length
        self.pairRank = links + 2 * length
        self.heap = heap
        for start in 0..<length {
            self.next[start] = UInt32(start) + 1
            self.previous[start] = UInt32(start) &- 1
            let rank = start + 1 < length ? lookup.rank(piece + start, 2) : TokenLookup.none
            self.pairRank[start] = rank
            if rank != TokenLookup.none {
                heap[self.heapCount] = UInt64(rank) << 32 | UInt64(start)
                self.heapCount += 1
            }
        }
        for node in (0..<self.heapCount / 2).reversed() { self.settle(heap[node], from: node) }
    }

    /// Joins pairs until none can be joined; returns the number of parts.
    private mutating func mergeAll() -> Int {
        var count = self.length
        while self.heapCount > 0 {
            let best = self.heap[0]
            let start = Int(best & 0xFFFF_FFFF)
            guard self.pairRank[start] == UInt32(best >> 32) else {
                self.removeFirst()
                continue
            }
            let joined = Int(self.next[start])
            let after = self.next[joined]
            self.next[start] = after
            if Int(after) < self.length { self.previous[Int(after)] = UInt32(start) }
            self.pairRank[joined] = TokenLookup.none
            count -= 1
            if let entry = self.rate(start) {
                self.settle(entry, from: 0)
            } else {
                self.removeFirst()
            }
            if start > 0, let entry = self.rate(Int(self.previous[start])) { self.insert(entry) }
        }
        return count
    }

    private func give<Sink: TokenSink>(_ count: Int, to sink: inout Sink) {
        guard Sink.wantsRanks else {
            sink.take(count: count)
            return
        }
        var start = 0
        while start < self.length {
            let end = Int(self.next[start])
            sink.take(self.lookup.rank(self.piece + start, end - start))
            start = end
        }
    }

    /// Looks up what the part at `start` becomes with its right neighbour; the heap entry if that is a token.
    @inline(__always)
    private mutating func rate(_ start: Int) -> UInt64? {
        self.steps += 1
        let right = Int(self.next[start])
        let rank =
            right < self.length
            ? self.lookup.rank(self.piece + start, Int(self.next[right]) - start) : TokenLookup.none
        self.pairRank[start] = rank
        return rank == TokenLookup.none ? nil : UInt64(rank) << 32 | UInt64(start)
    }

    private mutating func insert(_ entry: UInt64) {
        var node = self.heapCount
        self.heapCount += 1
        while node > 0 {
            self.steps += 1
            let parent = (node - 1) / 2
            if self.heap[parent] <= entry { break }
            self.heap[node] = self.heap[parent]
            node = parent
        }
        self.heap[node] = entry
    }

    private mutating func removeFirst() {
        self.heapCount -= 1
        if self.heapCount > 0 { self.settle(self.heap[self.heapCount], from: 0) }
    }

    /// Lets `entry` sink from the free place `start` to where it belongs.
    private mutating func settle(_ entry: UInt64, from start: Int) {
        var node = start
        while true {
            var child = 2 * node + 1
            if child >= self.heapCount { break }
            self.steps += 1
            if child + 1 < self.heapCount, self.heap[child + 1] < self.heap[child] { child += 1 }
            if entry <= self.heap[child] { break }
            self.heap[node] = self.heap[child]
            node = child
        }
        self.heap[node] = entry
    }
}
