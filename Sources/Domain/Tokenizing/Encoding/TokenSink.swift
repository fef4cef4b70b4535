/// Where the tokens of a text go: into a list, or only into a number.
protocol TokenSink {
    /// Whether the ranks themselves are wanted; a sink that only counts spares their look-up.
    static var wantsRanks: Bool { get }
    mutating func take(_ rank: UInt32)
    /// Takes `count` tokens whose ranks are not wanted.
    mutating func take(count: Int)
    /// Takes how many steps the heap of a long piece made, see `Encoder.mergeSteps`.
    mutating func worked(steps: Int)
}

extension TokenSink {
    @inline(__always)
    mutating func worked(steps: Int) {}
}

struct CountingSink: TokenSink {
    static let wantsRanks = false
    var count = 0

    @inline(__always)
    mutating func take(_ rank: UInt32) { self.count += 1 }

    @inline(__always)
    mutating func take(count: Int) { self.count += count }
}

struct ListingSink: TokenSink {
    static let wantsRanks = true
    var ranks: [UInt32] = []

    @inline(__always)
    mutating func take(_ rank: UInt32) { self.ranks.append(rank) }

    mutating func take(count: Int) { preconditionFailure("a list needs ranks") }
}

/// Wants neither tokens nor their number, only the work.
struct StepSink: TokenSink {
    static let wantsRanks = false
    var steps = 0

    mutating func take(_ rank: UInt32) {}
    mutating func take(count: Int) {}
    mutating func worked(steps: Int) { self.steps += steps }
}
