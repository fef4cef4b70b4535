/// Merges the bytes of one piece: always the pair with the lowest rank first, the leftmost of equals.
struct PieceMerger {
    /// Up to this many bytes a plain scan for the best pair is faster than a heap.
    static let scanLimit = 96

    let lookup: TokenLookup
    /// Room for `scanLimit + 1` parts, each `rank of this part joined with the next << 32 | start in the piece`.
    let parts: UnsafeMutablePointer<UInt64>

    /// Hands the tokens of a piece that is not one token itself to `sink`.
    func merge<Sink: TokenSink>(_ piece: UnsafePointer<UInt8>, _ length: Int, into sink: inout Sink) {
        if length > Self.scanLimit {
            var long = LongPieceMerger(piece: piece, length: length, lookup: self.lookup)
            long.merge(into: &sink)
            return
        }
        let count = self.scan(piece, length)
        guard Sink.wantsRanks else {
            sink.take(count: count)
            return
        }
        for part in 0..<count {
            let start = self.start(part)
            sink.take(self.lookup.rank(piece + start, self.start(part + 1) - start))
        }
    }

    @inline(__always)
    private func start(_ part: Int) -> Int { Int(truncatingIfNeeded: self.parts[part] & 0xFFFF_FFFF) }

    /// Leaves the starts of the merged parts in `parts`, the end of the piece behind them; returns their number.
    private func scan(_ piece: UnsafePointer<UInt8>, _ length: Int) -> Int {
        let parts = self.parts
        let unmergeable = UInt64(TokenLookup.none) << 32
        for index in 0..<length - 1 {
            let rank = self.lookup.twos[Int(piece[index]) | Int(piece[index + 1]) << 8]
            parts[index] = UInt64(rank) << 32 | UInt64(index)
        }
        parts[length - 1] = unmergeable | UInt64(length - 1)
        parts[length] = unmergeable | UInt64(length)
        var count = length
        while count > 1 {
            var best = parts[0]
            var place = 0
            for index in 1..<count where parts[index] < best {
                best = parts[index]
                place = index
            }
            if best >= unmergeable { break }
            for index in place + 1..<count { parts[index] = parts[index + 1] }
            count -= 1
            self.rate(place, of: count, in: piece)
            if place > 0 { self.rate(place - 1, of: count, in: piece) }
        }
        return count
    }

    /// Looks up what the part `index` would become together with its right neighbour.
    @inline(__always)
    private func rate(_ index: Int, of count: Int, in piece: UnsafePointer<UInt8>) {
        let start = self.start(index)
        var rank = TokenLookup.none
        if index + 1 < count { rank = self.lookup.rank(piece + start, self.start(index + 2) - start) }
        self.parts[index] = UInt64(rank) << 32 | UInt64(start)
    }
}
