/// Requests that wait inside a simulated engine, first come first served, or by priority.
struct EngineLine: Sendable {
    struct Entry: Sendable {
        let job: SteppedEngine.Job
        /// Tokens made before it was pushed out of memory.
        let made: Int
    }

    private var entries: [Entry] = []
    /// Entries before this one have left.
    private var head = 0

    var count: Int { self.entries.count - self.head }
    var isEmpty: Bool { self.head == self.entries.count }
    var first: Entry? { self.isEmpty ? nil : self.entries[self.head] }

    mutating func append(_ entry: Entry) { self.entries.append(entry) }

    /// Behind the last one that is as important. Searched from the back: most come in their turn.
    mutating func insertByPriority(_ entry: Entry) {
        let last = self.entries[self.head...].lastIndex { $0.job.priority <= entry.job.priority }
        self.entries.insert(entry, at: last.map { $0 + 1 } ?? self.head)
    }

    mutating func putFirst(_ entry: Entry) {
        if self.head > 0 {
            self.head -= 1
            self.entries[self.head] = entry
        } else {
            self.entries.insert(entry, at: 0)
        }
    }

    mutating func removeFirst() {
        self.head += 1
        // Drops the used front once it is the larger half, so that each entry moves once on average.
        guard self.head >= 64, self.head * 2 >= self.entries.count else { return }
        self.entries.removeFirst(self.head)
        self.head = 0
    }

    func made(_ id: UInt64) -> Int? { self.entries[self.head...].first { $0.job.id == id }?.made }

    /// False when it is not here.
    mutating func remove(_ id: UInt64) -> Bool {
        guard let place = self.entries[self.head...].firstIndex(where: { $0.job.id == id }) else { return false }
        self.entries.remove(at: place)
        return true
    }
}
