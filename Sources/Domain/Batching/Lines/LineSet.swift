/// A set of line numbers of one batch as bits: 50,000 lines take 6.25 KB.
public struct LineSet: Hashable, Sendable {
    public let capacity: Int
    public private(set) var count = 0
    private var words: [UInt64]

    /// An empty set of lines `0 ..< capacity`.
    public init(capacity: Int) {
        precondition(capacity >= 0, "a capacity is not negative")
        self.capacity = capacity
        self.words = Array(repeating: 0, count: (capacity + 63) / 64)
    }

    public func contains(_ line: Int) -> Bool {
        guard line >= 0, line < self.capacity else { return false }
        return self.words[line >> 6] & (1 << UInt64(line & 63)) != 0
    }

    /// Adds a line; false when it was there already or lies outside the set's range.
    @discardableResult
    public mutating func insert(_ line: Int) -> Bool {
        guard line >= 0, line < self.capacity, !self.contains(line) else { return false }
        self.words[line >> 6] |= 1 << UInt64(line & 63)
        self.count += 1
        return true
    }

    /// Takes a line out; false when it was not there.
    @discardableResult
    public mutating func remove(_ line: Int) -> Bool {
        guard self.contains(line) else { return false }
        self.words[line >> 6] &= ~(1 << UInt64(line & 63))
        self.count -= 1
        return true
    }
}
