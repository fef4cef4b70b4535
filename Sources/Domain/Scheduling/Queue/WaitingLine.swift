/// Requests of one project for one pool in one lane, in order of arrival; any may leave early, and one that was
/// preempted comes back at the head.
package struct WaitingLine: Sendable {
    package init() {}

    private struct Place: Sendable {
        let key: WorkKey
        let number: Int
    }

    private var places: [Place] = []
    private var head = 0
    /// Preempted ones, the first to go last.
    private var returned: [Place] = []
    /// The place of each key. One that leaves only loses its number; what it leaves behind is dropped when its turn
    /// comes.
    private var numbers: [WorkKey: Int] = [:]
    private var next = 0

    package var count: Int { self.numbers.count }
    package var isEmpty: Bool { self.numbers.isEmpty }

    /// - Parameter key: not in the line.
    package mutating func append(_ key: WorkKey) { self.places.append(self.place(for: key)) }

    /// - Parameter key: not in the line.
    package mutating func putBack(_ key: WorkKey) { self.returned.append(self.place(for: key)) }

    package mutating func remove(_ key: WorkKey) { self.numbers[key] = nil }

    private mutating func place(for key: WorkKey) -> Place {
        self.next += 1
        precondition(self.numbers.updateValue(self.next, forKey: key) == nil, "a request stands in a line twice")
        return Place(key: key, number: self.next)
    }

    private func isTaken(_ place: Place) -> Bool { self.numbers[place.key] == place.number }

    package mutating func first() -> WorkKey? {
        while let place = self.returned.last {
            if self.isTaken(place) { return place.key }
            self.returned.removeLast()
        }
        while self.head < self.places.count {
            if self.isTaken(self.places[self.head]) { return self.places[self.head].key }
            self.head += 1
            self.compact()
        }
        return nil
    }

    /// As `first`, without dropping what has left.
    package var peek: WorkKey? {
        let place = self.returned.last { self.isTaken($0) } ?? self.places[self.head...].first { self.isTaken($0) }
        return place?.key
    }

    /// All in the order in which they are next, without dropping what has left.
    package func forEach(_ body: (WorkKey) -> Void) {
        for place in self.returned.reversed() where self.isTaken(place) { body(place.key) }
        for place in self.places[self.head...] where self.isTaken(place) { body(place.key) }
    }

    package mutating func removeFirst() -> WorkKey? {
        guard let key = self.first() else { return nil }
        self.remove(key)
        return key
    }

    /// Drops the used front once it is the larger half, so that each place moves once on average.
    private mutating func compact() {
        guard self.head >= 64, self.head * 2 >= self.places.count else { return }
        self.places.removeFirst(self.head)
        self.head = 0
    }
}
