/// The sort behind `PrefixOrderBuilder`: splits ranges of lines by their key at growing depth, with a stack of its own
/// instead of recursion. Time is proportional to the number of keys, times the logarithm of a range's lines where it
/// branches; scratch memory is 24 bytes a line of the range at hand.
struct PrefixWalk {
    private struct Part {
        let start: Int
        let end: Int
        let depth: Int
    }

    /// Lines of one range that share the key at one depth.
    private struct Branch {
        let start: Int
        var end: Int
        var blocks = 0
        var output: UInt32 = 0
        let firstLine: UInt32

        /// Heavier first, then longer outputs, then the file's order.
        func precedes(_ other: Branch) -> Bool {
            if self.blocks != other.blocks { return self.blocks > other.blocks }
            if self.output != other.output { return self.output > other.output }
            return self.firstLine < other.firstLine
        }
    }

    private let keys: [UInt64]
    private let ends: [UInt32]
    private let outputs: [UInt32]
    private(set) var order: [UInt32]

    init(keys: [UInt64], ends: [UInt32], outputs: [UInt32]) {
        self.keys = keys
        self.ends = ends
        self.outputs = outputs
        self.order = Array(0..<UInt32(ends.count))
    }

    mutating func run() {
        var parts = [Part(start: 0, end: self.order.count, depth: 0)]
        while let part = parts.popLast() {
            guard part.end - part.start > 1 else { continue }
            self.split(part, into: &parts)
        }
    }

    /// For each place in the order, the number of keys shared with the line before.
    func sharedKeys() -> [UInt32] {
        var shared: [UInt32] = []
        shared.reserveCapacity(self.order.count)
        var previous: Range<Int> = 0..<0
        for line in self.order {
            let current = self.range(Int(line))
            let most = min(previous.count, current.count)
            var count = 0
            while count < most, self.keys[previous.lowerBound + count] == self.keys[current.lowerBound + count] {
                count += 1
            }
            shared.append(UInt32(count))
            previous = current
        }
        return shared
    }

    private func range(_ line: Int) -> Range<Int> {
        (line == 0 ? 0 : Int(self.ends[line - 1]))..<Int(self.ends[line])
    }

    /// The key of a line at a depth, or nil where its chain has ended.
    private func key(_ line: UInt32, _ depth: Int) -> UInt64? {
        let range = self.range(Int(line))
        return depth < range.count ? self.keys[range.lowerBound + depth] : nil
    }

    private mutating func split(_ part: Part, into parts: inout [Part]) {
        let depth = self.depthOfDifference(part)
        var ended: [UInt32] = []
        var open: [(key: UInt64, line: UInt32)] = []
        open.reserveCapacity(part.end - part.start)
        for line in self.order[part.start..<part.end] {
            if let key = self.key(line, depth) { open.append((key, line)) } else { ended.append(line) }
        }
        ended.sort {
            self.outputs[Int($0)] == self.outputs[Int($1)] ? $0 < $1 : self.outputs[Int($0)] > self.outputs[Int($1)]
        }
        open.sort { $0.key == $1.key ? $0.line < $1.line : $0.key < $1.key }
        var place = part.start
        for line in ended {
            self.order[place] = line
            place += 1
        }
        for branch in self.branches(of: open, depth) {
            parts.append(Part(start: place, end: place + branch.end - branch.start, depth: depth + 1))
            for index in branch.start..<branch.end {
                self.order[place] = open[index].line
                place += 1
            }
        }
    }

    /// The first depth at which the lines of the range do not all have the same key.
    private func depthOfDifference(_ part: Part) -> Int {
        var depth = part.depth
        while let first = self.key(self.order[part.start], depth) {
            for place in part.start + 1..<part.end where self.key(self.order[place], depth) != first { return depth }
            depth += 1
        }
        return depth
    }

    private func branches(of open: [(key: UInt64, line: UInt32)], _ depth: Int) -> [Branch] {
        var branches: [Branch] = []
        for index in open.indices {
            if index == 0 || open[index].key != open[index - 1].key {
                branches.append(Branch(start: index, end: index, firstLine: open[index].line))
            }
            let line = Int(open[index].line)
            branches[branches.count - 1].end = index + 1
            branches[branches.count - 1].blocks += self.range(line).count - depth
            branches[branches.count - 1].output = max(branches[branches.count - 1].output, self.outputs[line])
        }
        return branches.sorted { $0.precedes($1) }
    }
}
