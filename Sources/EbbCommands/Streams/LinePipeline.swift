/// Works on the blocks of an input side by side and hands on the results in the order of the input.
enum LinePipeline {
    /// Runs `work` on every block; `deliver` gets each result with the number of lines before its block.
    ///
    /// At most `width` blocks are worked on at once and as many results wait, so memory does not grow with the input.
    static func run(
        _ blocks: consuming LineBlocks, width: Int, work: @escaping @Sendable (LineBlocks.Block) async -> LineResult,
        deliver: (LineResult, Int) throws -> Void
    ) async throws {
        var blocks = blocks
        try await withThrowingTaskGroup(of: (Int, LineResult).self) { group in
            var started = 0
            var delivered = 0
            var lines = 0
            var waiting: [Int: LineResult] = [:]
            var isOver = false
            while true {
                while !isOver, started - delivered < width + 1 {
                    guard let block = try blocks.next() else {
                        isOver = true
                        break
                    }
                    let number = started
                    group.addTask { (number, await work(block)) }
                    started += 1
                }
                guard let (number, result) = try await group.next() else { break }
                waiting[number] = result
                while let next = waiting.removeValue(forKey: delivered) {
                    try deliver(next, lines)
                    lines += next.lineCount
                    delivered += 1
                }
            }
        }
    }
}

/// What became of one block of lines.
package struct LineResult: Sendable {
    /// Descriptions kept for each block; more are only counted.
    static let flawsMax = 100

    package struct Flaw: Hashable, Sendable {
        /// Counted from 1 within the block.
        package var line: Int
        package var message: String
    }

    package var output: [UInt8] = []
    package var lineCount = 0
    /// Used where lines are priced.
    package var tally = PriceJob.Tally()
    package private(set) var flaws: [Flaw] = []
    package private(set) var flawCount = 0

    /// Notes that the present line cannot be used.
    mutating func addFlaw(_ message: String) {
        self.flawCount += 1
        if self.flaws.count < Self.flawsMax { self.flaws.append(Flaw(line: self.lineCount, message: message)) }
    }
}

extension [UInt8] {
    /// Appends a number in decimal digits.
    mutating func append(decimal value: some BinaryInteger) {
        if value < 0 { return self.append(contentsOf: String(value).utf8) }
        var rest = UInt64(value)
        let start = self.count
        repeat {
            self.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        self[start...].reverse()
    }
}
