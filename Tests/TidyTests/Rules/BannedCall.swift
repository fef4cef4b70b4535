/// A piece of code that a part of the tree may not hold, and what to write instead.
struct BannedCall: Sendable {
    var text: String
    var replacement: String
    /// Also banned after a dot, as a member.
    var isMemberToo = true

    /// What the rooms and the gateway may not do: they are told the time and given randomness and tasks.
    static let belowAdapters: [BannedCall] = [
        BannedCall(text: "Date()", replacement: "take an Instant as a parameter"),
        BannedCall(text: "Date.now", replacement: "take an Instant as a parameter"),
        BannedCall(text: "UUID()", replacement: "make ids with the Randomness port"),
        BannedCall(text: "Task {", replacement: "make it work of a Service or a task group"),
        BannedCall(text: "Task(", replacement: "make it work of a Service or a task group"),
        BannedCall(text: "Task.detached", replacement: "make it work of a Service or a task group"),
        BannedCall(text: "try!", replacement: "handle the error or declare it"),
        BannedCall(text: "fatalError(", replacement: "throw; precondition is for programmer errors only"),
        BannedCall(text: "print(", replacement: "return the text, or log through swift-log", isMemberToo: false),
        BannedCall(text: "ContinuousClock", replacement: "take an Instant or the GatewayClock port"),
        BannedCall(text: "SuspendingClock", replacement: "take an Instant or the GatewayClock port"),
        BannedCall(text: "SystemRandomNumberGenerator", replacement: "take a SeededGenerator or the Randomness port"),
        BannedCall(text: ".shuffled()", replacement: "pass a generator: shuffled(using:)"),
        BannedCall(text: ".shuffle()", replacement: "pass a generator: shuffle(using:)"),
        BannedCall(text: ".randomElement()", replacement: "pass a generator: randomElement(using:)"),
    ]

    /// What no test may do: a test that waits is slow, and fails on a busy machine.
    static let inTests: [BannedCall] = [
        BannedCall(text: "Task.sleep", replacement: "advance a ManualClock or wait for a signal"),
        BannedCall(text: "Thread.sleep", replacement: "advance a ManualClock or wait for a signal"),
        BannedCall(text: "usleep(", replacement: "advance a ManualClock or wait for a signal"),
        BannedCall(text: "nanosleep(", replacement: "advance a ManualClock or wait for a signal"),
        BannedCall(text: "sleep(", replacement: "advance a ManualClock or wait for a signal", isMemberToo: false),
        BannedCall(text: "@testable", replacement: "test what is package or public; tests build in release too"),
    ]

    /// Test files that may sleep, each with its reason. Keep it empty.
    static let mayWait: [String: String] = [:]

    func violations(in file: SourceFile) -> [Violation] {
        var found: [Violation] = []
        for (index, line) in file.codeLines.enumerated() where self.isIn(line) {
            let shown = self.text.trimmingSuffix { " ({".contains($0) }
            found.append(
                Violation(
                    path: file.path, line: index + 1, message: "\(shown) is banned here: \(self.replacement)."))
        }
        return found
    }

    private func isIn(_ line: Substring) -> Bool {
        // `Task{` and `Task {` are one.
        let needle = self.text.filter { $0 != " " }
        let startsWithWord = needle.utf8.first.map { SwiftWords.isWordByte($0) } ?? false
        let endsWithWord = needle.utf8.last.map { SwiftWords.isWordByte($0) } ?? false
        let hay = Array(line.utf8)
        let parts = Array(needle.utf8)
        for start in hay.indices {
            guard let end = Self.match(parts, hay, from: start) else { continue }
            let before = start > 0 ? hay[start - 1] : 0
            let after = end < hay.count ? hay[end] : 0
            if startsWithWord, SwiftWords.isWordByte(before) { continue }
            if endsWithWord, SwiftWords.isWordByte(after) { continue }
            if !self.isMemberToo, before == UInt8(ascii: ".") || Self.isDeclaration(hay[..<start]) { continue }
            return true
        }
        return false
    }

    private static func isDeclaration(_ before: ArraySlice<UInt8>) -> Bool {
        String(decoding: before, as: UTF8.self).hasSuffix("func ")
    }

    /// The end of `needle` in `hay` from `start`; spaces of `hay` before a brace do not count.
    private static func match(_ needle: [UInt8], _ hay: [UInt8], from start: Int) -> Int? {
        var index = start
        for byte in needle {
            if byte == UInt8(ascii: "{") {
                while index < hay.count, hay[index] == UInt8(ascii: " ") { index += 1 }
            }
            guard index < hay.count, hay[index] == byte else { return nil }
            index += 1
        }
        return index
    }
}

extension String {
    fileprivate func trimmingSuffix(_ isDropped: (Character) -> Bool) -> String {
        var text = self
        while let last = text.last, isDropped(last) { text.removeLast() }
        return text
    }
}

/// `random(in:)` and `random()` without a generator of their own.
enum UnseededRandom {
    static func violations(in file: SourceFile) -> [Violation] {
        file.code.matches(of: #/\.random\(/#).compactMap { match in
            let call = Self.call(file.code[match.range.lowerBound...])
            guard !call.contains("using:") else { return nil }
            let offset = file.code.utf8.distance(from: file.code.startIndex, to: match.range.lowerBound)
            return Violation(
                path: file.path, line: file.line(ofCodeOffset: offset),
                message: "random without using: is banned here: pass a SeededGenerator or use the Randomness port.")
        }
    }

    /// From the dot to the parenthesis that closes the call.
    private static func call(_ code: Substring) -> Substring {
        var depth = 0
        for index in code.indices {
            if code[index] == "(" { depth += 1 }
            if code[index] == ")" { depth -= 1 }
            if depth == 0, code[index] == ")" { return code[...index] }
        }
        return code
    }
}
