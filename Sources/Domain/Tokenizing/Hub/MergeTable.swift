/// Which two tokens may be joined, in what order, and into what: the `merges` of a byte-pair model.
struct MergeTable: Sendable {
    /// Pairs of key (`left << 32 | right`, plus one) and `order << 32 | joined token`; key 0 is an empty slot.
    private var slots: [UInt64]
    /// Whether a piece that is a token itself is taken without merging (`ignore_merges`).
    let takesWholePieces: Bool

    init(count: Int, takesWholePieces: Bool) {
        var capacity = 16
        while capacity < 2 * count { capacity *= 2 }
        self.slots = [UInt64](repeating: 0, count: 2 * capacity)
        self.takesWholePieces = takesWholePieces
    }

    /// Adds a merge; of a pair that comes twice the last order counts, as in Hugging Face's reader.
    mutating func add(left: UInt32, right: UInt32, order: UInt32, joined: UInt32) {
        let key = Self.key(left, right)
        let mask = self.slots.count / 2 - 1
        var slot = Int(truncatingIfNeeded: TokenLookup.mix(key)) & mask
        while self.slots[2 * slot] != 0, self.slots[2 * slot] != key { slot = (slot + 1) & mask }
        self.slots[2 * slot] = key
        self.slots[2 * slot + 1] = UInt64(order) << 32 | UInt64(joined)
    }

    /// `order << 32 | joined token` of a pair, or nil when it may not be joined.
    func merge(_ left: UInt32, _ right: UInt32) -> UInt64? {
        let key = Self.key(left, right)
        let mask = self.slots.count / 2 - 1
        var slot = Int(truncatingIfNeeded: TokenLookup.mix(key)) & mask
        while true {
            let found = self.slots[2 * slot]
            if found == key { return self.slots[2 * slot + 1] }
            if found == 0 { return nil }
            slot = (slot + 1) & mask
        }
    }

    private static func key(_ left: UInt32, _ right: UInt32) -> UInt64 { (UInt64(left) << 32 | UInt64(right)) + 1 }
}
