import Quantities

/// Lines that wait for their next attempt, earliest first; equal times in order of line. 16 bytes a line.
struct ReadyQueue: Sendable {
    private struct Entry: Sendable {
        let ready: Instant
        let line: UInt32

        func precedes(_ other: Entry) -> Bool {
            self.ready == other.ready ? self.line < other.line : self.ready < other.ready
        }
    }

    private var heap: [Entry] = []

    var count: Int { self.heap.count }
    var earliest: Instant? { self.heap.first?.ready }

    mutating func insert(_ line: Int, ready: Instant) {
        self.heap.append(Entry(ready: ready, line: UInt32(line)))
        self.siftUp(self.heap.count - 1)
    }

    /// Takes out the first line that is ready at `now`.
    mutating func popReady(at now: Instant) -> Int? {
        guard let first = self.heap.first, first.ready <= now else { return nil }
        self.remove(at: 0)
        return Int(first.line)
    }

    /// The lines that `isMeant` are ready at `now`, if they were to be later. Linear.
    mutating func hurry(to now: Instant, _ isMeant: (Int) -> Bool) {
        let entries = self.heap
        self.heap.removeAll(keepingCapacity: true)
        for entry in entries {
            self.insert(Int(entry.line), ready: isMeant(Int(entry.line)) ? min(entry.ready, now) : entry.ready)
        }
    }

    /// When `line` is ready, or nil when it does not wait here. Linear, for the rare case only.
    func ready(of line: Int) -> Instant? { self.heap.first { Int($0.line) == line }?.ready }

    /// Takes out `line`. Linear, for the rare case only.
    mutating func remove(_ line: Int) {
        if let position = self.heap.firstIndex(where: { Int($0.line) == line }) { self.remove(at: position) }
    }

    private mutating func remove(at position: Int) {
        let last = self.heap.removeLast()
        guard position < self.heap.count else { return }
        self.heap[position] = last
        self.siftDown(position)
        self.siftUp(position)
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard self.heap[child].precedes(self.heap[parent]) else { return }
            self.heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var parent = start
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < self.heap.count && self.heap[child].precedes(self.heap[least]) {
                least = child
            }
            if least == parent { return }
            self.heap.swapAt(parent, least)
            parent = least
        }
    }
}
