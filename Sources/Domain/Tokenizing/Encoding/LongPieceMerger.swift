/// Merges a long piece with a linked list of parts and a heap of pairs: n log n steps for n bytes.
///
/// One letter repeated a million times, a page of spaces or a base64 line of any length is one piece.
struct LongPieceMerger {
    private let piece: UnsafePointer<UInt8>
    private let length: Int
    private let lookup: TokenLookup
    /// By start of a part: the start of the next part; `length` behind the last.
    private var next: [UInt32]
    /// By start of a part: the start of the part before it.
    private var previous: [UInt32]
    /// By start of a part: the rank of the token that it would become with its right neighbour. A heap entry that
    /// says otherwise is out of date.
    private var pairRank: [UInt32]
    /// Entries `rank << 32 | start`, smallest first: lowest rank, then leftmost.
    private var heap: [UInt64] = []

    /// - Precondition: `length` is below 2^32 - 1: a single piece of four gigabytes is not supported.
    init(piece: UnsafePointer<UInt8>, length: Int, lookup: TokenLookup) {
        precondition(length < Int(UInt32.max), "a piece of 4 GiB or more")
        self.piece = piece
        self.length = length
        self.lookup = lookup
        self.next = (0..<UInt32(length)).map { $0 + 1 }
        self.previous = (0..<UInt32(length)).map { $0 &- 1 }
        self.pairRank = [UInt32](repeating: TokenLookup.none, count: length)
        self.heap.reserveCapacity(length)
        for start in 0..<length - 1 {
            let rank = lookup.rank(piece + start, 2)
            self.pairRank[start] = rank
            if rank != TokenLookup.none { self.heap.append(UInt64(rank) << 32 | UInt64(start)) }
        }
        var node = self.heap.count / 2
        while node > 0 {
            node -= 1
            self.sink(self.heap[node], from: node)
        }
    }

    mutating func merge<Sink: TokenSink>(into sink: inout Sink) {
        var count = self.length
        while let best = self.heap.first {
            let start = Int(best & 0xFFFF_FFFF)
            self.removeFirst()
            guard self.pairRank[start] == UInt32(best >> 32) else { continue }
            let joined = Int(self.next[start])
            let after = self.next[joined]
            self.next[start] = after
            if Int(after) < self.length { self.previous[Int(after)] = UInt32(start) }
            self.pairRank[joined] = TokenLookup.none
            count -= 1
            self.rate(start)
            if start > 0 { self.rate(Int(self.previous[start])) }
        }
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

    private mutating func rate(_ start: Int) {
        let right = Int(self.next[start])
        guard right < self.length else {
            self.pairRank[start] = TokenLookup.none
            return
        }
        let rank = self.lookup.rank(self.piece + start, Int(self.next[right]) - start)
        self.pairRank[start] = rank
        if rank != TokenLookup.none { self.insert(UInt64(rank) << 32 | UInt64(start)) }
    }

    private mutating func insert(_ entry: UInt64) {
        var node = self.heap.count
        self.heap.append(entry)
        while node > 0 {
            let parent = (node - 1) / 2
            if self.heap[parent] <= entry { break }
            self.heap[node] = self.heap[parent]
            node = parent
        }
        self.heap[node] = entry
    }

    private mutating func removeFirst() {
        guard let last = self.heap.popLast(), !self.heap.isEmpty else { return }
        self.sink(last, from: 0)
    }

    private mutating func sink(_ entry: UInt64, from start: Int) {
        let count = self.heap.count
        var node = start
        while true {
            var child = 2 * node + 1
            if child >= count { break }
            if child + 1 < count, self.heap[child + 1] < self.heap[child] { child += 1 }
            if entry <= self.heap[child] { break }
            self.heap[node] = self.heap[child]
            node = child
        }
        self.heap[node] = entry
    }
}
