/// Slots that each remember the last prompt computed in them, as llama.cpp's do.
struct SlotCaches: Sendable {
    private var chains: [[UInt64]]
    private var isBusy: [Bool]

    init(slots: Int) {
        self.chains = Array(repeating: [], count: slots)
        self.isBusy = Array(repeating: false, count: slots)
    }

    /// Takes the wanted slot when it is free, else the free slot whose prompt has most blocks in common (the first of
    /// equals). The caller knows that a slot is free.
    mutating func take(for chain: [UInt64], wanted: Int?) -> (slot: Int, matched: Int)? {
        var best: (slot: Int, matched: Int)?
        if let wanted, self.isBusy.indices.contains(wanted), !self.isBusy[wanted] {
            best = (wanted, self.matched(chain, in: wanted))
        } else {
            for slot in self.isBusy.indices where !self.isBusy[slot] {
                let matched = self.matched(chain, in: slot)
                if matched > best?.matched ?? -1 { best = (slot, matched) }
            }
        }
        if let best { self.isBusy[best.slot] = true }
        return best
    }

    mutating func remember(_ chain: [UInt64], in slot: Int) { self.chains[slot] = chain }

    mutating func free(_ slot: Int) { self.isBusy[slot] = false }

    private func matched(_ chain: [UInt64], in slot: Int) -> Int {
        var count = 0
        for (a, b) in zip(chain, self.chains[slot]) {
            guard a == b else { break }
            count += 1
        }
        return count
    }
}
