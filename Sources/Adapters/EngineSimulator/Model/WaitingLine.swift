/// Requests that wait for a slot, first come first served; any of them may leave early.
struct WaitingLine: Sendable {
    private var entries: [(request: ModelRequest, arrivedAt: Int64)?] = []
    /// Index of the next entry to look at.
    private var head = 0
    /// The number of the entry at index 0: entries are numbered by arrival.
    private var base = 0
    private var numbers: [UInt64: Int] = [:]

    var count: Int { self.numbers.count }
    var isEmpty: Bool { self.numbers.isEmpty }

    mutating func append(_ request: ModelRequest, arrivedAt: Int64) {
        self.numbers[request.id] = self.base + self.entries.count
        self.entries.append((request, arrivedAt))
    }

    mutating func popFirst() -> (request: ModelRequest, arrivedAt: Int64)? {
        while self.head < self.entries.count {
            let entry = self.entries[self.head]
            self.entries[self.head] = nil
            self.head += 1
            self.compact()
            if let entry {
                self.numbers[entry.request.id] = nil
                return entry
            }
        }
        return nil
    }

    /// True when the request waited here.
    mutating func remove(_ id: UInt64) -> Bool {
        guard let number = self.numbers.removeValue(forKey: id) else { return false }
        self.entries[number - self.base] = nil
        return true
    }

    /// Drops the used front once it is the larger half, so that each entry moves once on average.
    private mutating func compact() {
        guard self.head >= 64, self.head * 2 >= self.entries.count else { return }
        self.entries.removeFirst(self.head)
        self.base += self.head
        self.head = 0
    }
}
