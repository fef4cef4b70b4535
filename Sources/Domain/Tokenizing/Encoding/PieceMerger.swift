/// Merges the bytes of one piece: always the pair with the lowest rank first, the leftmost of equals.
struct PieceMerger: PieceCoder {
    /// Up to this many bytes a plain scan for the best pair is faster than a heap; a start must fit `startBits`.
    static let scanLimit = 127
    /// Numbers of scratch memory that a merger needs.
    static let scratchCount = 3 * Self.room

    private static let startBits: Int32 = 7
    private static let startMask: Int32 = 1 << Self.startBits - 1
    private static let unmergeable = Int32.max
    /// The scan looks at so many keys in a row without asking, which keeps it free of branches.
    private static let stride = 8
    private static let room = Self.scanLimit + 1 + Self.stride

    private let lookup: TokenLookup
    /// By start of a part: `rank of the token it would become with its right neighbour << startBits | start`.
    private let keys: UnsafeMutablePointer<Int32>
    /// By start of a part: the start of the next part.
    private let next: UnsafeMutablePointer<Int32>
    /// By start of a part: the start of the part before it.
    private let previous: UnsafeMutablePointer<Int32>

    /// - Parameter scratch: room for `scratchCount` numbers.
    init(lookup: TokenLookup, scratch: UnsafeMutablePointer<Int32>) {
        self.lookup = lookup
        self.keys = scratch
        self.next = scratch + Self.room
        self.previous = scratch + 2 * Self.room
    }

    @inline(__always)
    func code<Sink: TokenSink>(_ piece: UnsafePointer<UInt8>, _ length: Int, into sink: inout Sink) {
        let rank = self.lookup.rank(piece, length)
        if rank == TokenLookup.none { self.merge(piece, length, into: &sink) } else { sink.take(rank) }
    }

    private func merge<Sink: TokenSink>(_ piece: UnsafePointer<UInt8>, _ length: Int, into sink: inout Sink) {
        if length > Self.scanLimit {
            LongPieceMerger.merge(piece, length, self.lookup, into: &sink)
            return
        }
        self.open(piece, length)
        let count = self.joinAll(piece, length)
        guard Sink.wantsRanks else {
            sink.take(count: count)
            return
        }
        var start = 0
        while start < length {
            let end = Int(self.next[start])
            sink.take(self.lookup.rank(piece + start, end - start))
            start = end
        }
    }

    /// One part for each byte.
    @inline(__always)
    private func open(_ piece: UnsafePointer<UInt8>, _ length: Int) {
        for start in 0..<length - 1 {
            let rank = self.lookup.twos[Int(piece[start]) | Int(piece[start + 1]) << 8]
            self.keys[start] = Self.key(rank, start)
            self.next[start] = Int32(truncatingIfNeeded: start + 1)
            self.previous[start] = Int32(truncatingIfNeeded: start - 1)
        }
        self.next[length - 1] = Int32(truncatingIfNeeded: length)
        self.previous[length - 1] = Int32(truncatingIfNeeded: length - 2)
        for start in length - 1..<length - 1 + Self.stride { self.keys[start] = Self.unmergeable }
    }

    /// Joins pairs until none can be joined; returns the number of parts.
    private func joinAll(_ piece: UnsafePointer<UInt8>, _ length: Int) -> Int {
        var count = length
        while true {
            let best = self.bestKey(length)
            if best == Self.unmergeable { return count }
            let start = Int(best & Self.startMask)
            let joined = Int(self.next[start])
            let after = Int(self.next[joined])
            self.next[start] = Int32(truncatingIfNeeded: after)
            self.previous[after] = Int32(truncatingIfNeeded: start)
            self.keys[joined] = Self.unmergeable
            count -= 1
            var rank = TokenLookup.none
            if after < length { rank = self.lookup.rank(piece + start, Int(self.next[after]) - start) }
            self.keys[start] = Self.key(rank, start)
            if start > 0 {
                let before = Int(self.previous[start])
                self.keys[before] = Self.key(self.lookup.rank(piece + before, after - before), before)
            }
        }
    }

    @inline(__always)
    private func bestKey(_ length: Int) -> Int32 {
        var best = Self.unmergeable
        var start = 0
        while start < length - 1 {
            let keys = self.keys + start
            let left = min(min(keys[0], keys[1]), min(keys[2], keys[3]))
            let right = min(min(keys[4], keys[5]), min(keys[6], keys[7]))
            best = min(best, min(left, right))
            start += Self.stride
        }
        return best
    }

    @inline(__always)
    private static func key(_ rank: UInt32, _ start: Int) -> Int32 {
        rank == TokenLookup.none
            ? Self.unmergeable : Int32(truncatingIfNeeded: rank) << Self.startBits | Int32(truncatingIfNeeded: start)
    }
}
