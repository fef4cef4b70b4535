/// Counts how often each piece of work was executed, by the mark that its sender gave it.
///
/// Bounded: marks beyond `marksMax` are counted in `dropped` and nowhere else.
package struct ExecutionLog: Sendable {
    package struct Entry: Hashable, Sendable {
        package let mark: String
        /// Times the engine took the work up.
        package var started = 0
        /// Times a whole, valid answer was written to its last byte.
        package var finished = 0
        /// Times the client went away before the end.
        package var cancelled = 0
        /// Times a fault spoiled the work or refused it before the start.
        package var faulted = 0
    }

    package enum Event: Sendable {
        case started, finished, cancelled, faulted
    }

    /// Where a mark's counts are; worth nothing after a `reset`.
    package struct Place: Hashable, Sendable {
        fileprivate let index: Int
        fileprivate let era: Int
    }

    package static let marksMax = 200_000
    /// Bytes of a mark; longer ones are cut.
    package static let markBytesMax = 256

    package let limit: Int
    package private(set) var entries: [Entry] = []
    /// Requests whose mark found no room.
    package private(set) var dropped: UInt64 = 0
    /// Starts of work whose mark had been started before.
    package private(set) var repeated: UInt64 = 0
    private var indices: [String: Int] = [:]
    private var era = 0

    package init(limit: Int = Self.marksMax) { self.limit = limit }

    /// The place of a mark; nil when there is no room for it.
    package mutating func place(of whole: String) -> Place? {
        let mark =
            whole.utf8.count > Self.markBytesMax
            ? String(decoding: whole.utf8.prefix(Self.markBytesMax), as: UTF8.self) : whole
        if let index = self.indices[mark] { return Place(index: index, era: self.era) }
        guard self.entries.count < self.limit else {
            self.dropped += 1
            return nil
        }
        self.indices[mark] = self.entries.count
        self.entries.append(Entry(mark: mark))
        return Place(index: self.entries.count - 1, era: self.era)
    }

    package mutating func note(_ event: Event, at place: Place?) {
        guard let place, place.era == self.era else { return }
        switch event {
        case .started:
            if self.entries[place.index].started > 0 { self.repeated += 1 }
            self.entries[place.index].started += 1
        case .finished: self.entries[place.index].finished += 1
        case .cancelled: self.entries[place.index].cancelled += 1
        case .faulted: self.entries[place.index].faulted += 1
        }
    }

    package func entry(_ mark: String) -> Entry? { self.indices[mark].map { self.entries[$0] } }

    package mutating func reset() {
        self.entries = []
        self.indices = [:]
        self.dropped = 0
        self.repeated = 0
        self.era += 1
    }
}
