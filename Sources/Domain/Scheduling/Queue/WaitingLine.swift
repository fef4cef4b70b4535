/// Requests of one project for one pool in one lane, in order of arrival; any may leave early, and one that was
/// preempted comes back at the head.
package struct WaitingLine: Sendable {
    package init() {}

    private var keys: [WorkKey?] = []
    private var head = 0
    /// Preempted ones, the first to go last.
    private var returned: [WorkKey] = []
    private var gone: Set<WorkKey> = []
    package private(set) var count = 0

    package var isEmpty: Bool { self.count == 0 }

    package mutating func append(_ key: WorkKey) {
        if self.gone.remove(key) != nil { self.clear(key) }
        self.keys.append(key)
        self.count += 1
    }

    package mutating func putBack(_ key: WorkKey) {
        self.returned.append(key)
        self.count += 1
    }

    /// The caller knows that the key is in the line.
    package mutating func remove(_ key: WorkKey) {
        self.gone.insert(key)
        self.count -= 1
    }

    /// One that left comes back before its old place was passed.
    private mutating func clear(_ key: WorkKey) {
        self.returned.removeAll { $0 == key }
        for index in self.keys.indices.dropFirst(self.head) where self.keys[index] == key { self.keys[index] = nil }
    }

    package mutating func first() -> WorkKey? {
        while let key = self.returned.last {
            if self.gone.remove(key) == nil { return key }
            self.returned.removeLast()
        }
        while self.head < self.keys.count {
            if let key = self.keys[self.head] {
                if self.gone.remove(key) == nil { return key }
                self.keys[self.head] = nil
            }
            self.head += 1
            self.compact()
        }
        return nil
    }

    /// As `first`, without dropping what has left.
    package var peek: WorkKey? {
        if let key = self.returned.last(where: { !self.gone.contains($0) }) { return key }
        for case let key? in self.keys[self.head...] where !self.gone.contains(key) { return key }
        return nil
    }

    /// All in the order in which they are next, without dropping what has left.
    package func forEach(_ body: (WorkKey) -> Void) {
        for key in self.returned.reversed() where !self.gone.contains(key) { body(key) }
        for case let key? in self.keys[self.head...] where !self.gone.contains(key) { body(key) }
    }

    package mutating func removeFirst() -> WorkKey? {
        guard let key = self.first() else { return nil }
        if self.returned.last == key {
            self.returned.removeLast()
        } else {
            self.keys[self.head] = nil
            self.head += 1
            self.compact()
        }
        self.count -= 1
        return key
    }

    /// Drops the used front once it is the larger half, so that each key moves once on average.
    private mutating func compact() {
        guard self.head >= 64, self.head * 2 >= self.keys.count else { return }
        self.keys.removeFirst(self.head)
        self.head = 0
    }
}
