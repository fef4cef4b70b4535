/// Merges a piece by a list of pairs: the pair that stands first in the list first, the leftmost of equals.
struct PairCoder: PieceCoder {
    let merges: MergeTable
    let lookup: TokenLookup

    private struct Part {
        var token: UInt32
        /// Index of the part before and behind; -1 and the number of parts at the ends.
        var previous: Int
        var next: Int
        /// False once it was joined to the part before it.
        var isAlive = true
    }

    /// A pair that may be joined, as it was when it was found.
    private struct Candidate {
        let order: UInt32
        let joined: UInt32
        let left: Int
        let leftToken: UInt32
        let rightToken: UInt32

        func comes(before other: Candidate) -> Bool {
            (self.order, self.left) < (other.order, other.left)
        }
    }

    func code<Sink: TokenSink>(_ piece: UnsafePointer<UInt8>, _ length: Int, into sink: inout Sink) {
        if self.merges.takesWholePieces || length == 1 {
            let token = self.lookup.rank(piece, length)
            if token != TokenLookup.none {
                sink.take(token)
                return
            }
        }
        var parts = (0..<length).map {
            Part(token: self.lookup.ones[Int(piece[$0])], previous: $0 - 1, next: $0 + 1)
        }
        var heap = Heap()
        for left in 0..<length - 1 { self.offer(left, parts, &heap) }
        while let best = heap.removeFirst() {
            let right = parts[best.left].next
            guard parts[best.left].isAlive, parts[best.left].token == best.leftToken, right < length,
                parts[right].token == best.rightToken
            else { continue }
            parts[best.left].token = best.joined
            parts[right].isAlive = false
            let after = parts[right].next
            parts[best.left].next = after
            if after < length { parts[after].previous = best.left }
            self.offer(best.left, parts, &heap)
            if parts[best.left].previous >= 0 { self.offer(parts[best.left].previous, parts, &heap) }
        }
        for part in parts where part.isAlive { sink.take(part.token) }
        sink.worked(steps: heap.steps)
    }

    private func offer(_ left: Int, _ parts: [Part], _ heap: inout Heap) {
        let right = parts[left].next
        guard right < parts.count, let merge = self.merges.merge(parts[left].token, parts[right].token) else { return }
        heap.insert(
            Candidate(
                order: UInt32(merge >> 32), joined: UInt32(truncatingIfNeeded: merge), left: left,
                leftToken: parts[left].token, rightToken: parts[right].token))
    }

    /// A binary heap, first candidate on top.
    private struct Heap {
        private var entries: [Candidate] = []
        /// Levels that candidates passed.
        private(set) var steps = 0

        mutating func insert(_ entry: Candidate) {
            self.entries.append(entry)
            var node = self.entries.count - 1
            while node > 0, entry.comes(before: self.entries[(node - 1) / 2]) {
                self.steps += 1
                self.entries[node] = self.entries[(node - 1) / 2]
                node = (node - 1) / 2
            }
            self.entries[node] = entry
        }

        mutating func removeFirst() -> Candidate? {
            guard let first = self.entries.first, let last = self.entries.popLast() else { return nil }
            guard !self.entries.isEmpty else { return first }
            var node = 0
            while true {
                var child = 2 * node + 1
                if child >= self.entries.count { break }
                self.steps += 1
                if child + 1 < self.entries.count, self.entries[child + 1].comes(before: self.entries[child]) {
                    child += 1
                }
                if !self.entries[child].comes(before: last) { break }
                self.entries[node] = self.entries[child]
                node = child
            }
            self.entries[node] = last
            return first
        }
    }
}
