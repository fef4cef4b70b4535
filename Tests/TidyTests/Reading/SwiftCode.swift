/// Swift source with everything that is not code blanked out: comments, the contents of strings, regular expressions.
///
/// Same length and same lines as the source, so that an offset means the same in both. Code inside a string's
/// interpolation stays. Understands nested comments, raw strings and strings of several lines.
struct SwiftCode {
    private enum Context {
        case string(hashes: Int, isMultiline: Bool)
        case interpolation(parentheses: Int)
    }

    private let source: [UInt8]
    private var output: [UInt8]
    private var stack: [Context] = []
    private var index = 0

    /// The code alone.
    static func only(of text: String) -> String {
        var code = SwiftCode(source: Array(text.utf8))
        while code.index < code.source.count { code.step() }
        return String(decoding: code.output, as: UTF8.self)
    }

    private init(source: [UInt8]) {
        self.source = source
        self.output = []
        self.output.reserveCapacity(source.count)
    }

    private func byte(_ offset: Int = 0) -> UInt8 {
        self.index + offset < self.source.count ? self.source[self.index + offset] : 0
    }

    private func hasPrefix(_ text: StaticString, at offset: Int = 0) -> Bool {
        (0..<text.utf8CodeUnitCount).allSatisfy { self.byte(offset + $0) == text.utf8Start[$0] }
    }

    private mutating func keep(_ count: Int = 1) {
        self.output.append(contentsOf: self.source[self.index..<min(self.index + count, self.source.count)])
        self.index += count
    }

    private mutating func blank(_ count: Int = 1) {
        for _ in 0..<count where self.index < self.source.count {
            self.output.append(self.byte() == UInt8(ascii: "\n") ? self.byte() : UInt8(ascii: " "))
            self.index += 1
        }
    }

    private mutating func step() {
        if case .string(let hashes, let isMultiline) = self.stack.last {
            self.stepInString(hashes: hashes, isMultiline: isMultiline)
            return
        }
        let hashes = self.hashCount(at: 0)
        if self.hasPrefix("//") {
            while self.index < self.source.count, self.byte() != UInt8(ascii: "\n") { self.blank() }
        } else if self.hasPrefix("/*") {
            self.skipComment()
        } else if self.byte(hashes) == UInt8(ascii: "\"") {
            let isMultiline = self.hasPrefix("\"\"\"", at: hashes)
            self.keep(hashes + (isMultiline ? 3 : 1))
            self.stack.append(.string(hashes: hashes, isMultiline: isMultiline))
        } else if hashes > 0, self.byte(hashes) == UInt8(ascii: "/") {
            self.skipRegularExpression(hashes: hashes)
        } else {
            self.stepInCode()
        }
    }

    private mutating func stepInCode() {
        if case .interpolation(let open) = self.stack.last {
            let change = self.byte() == UInt8(ascii: "(") ? 1 : self.byte() == UInt8(ascii: ")") ? -1 : 0
            self.stack.removeLast()
            if open + change > 0 { self.stack.append(.interpolation(parentheses: open + change)) }
        }
        self.keep()
    }

    private mutating func stepInString(hashes: Int, isMultiline: Bool) {
        let quotes = isMultiline ? 3 : 1
        if self.byte() == UInt8(ascii: "\\"), self.hashCount(at: 1) >= hashes {
            if self.byte(1 + hashes) == UInt8(ascii: "(") {
                self.blank(1 + hashes)
                self.keep()
                self.stack.append(.interpolation(parentheses: 1))
            } else {
                self.blank(2 + hashes)
            }
        } else if self.hasPrefix(isMultiline ? "\"\"\"" : "\""), self.hashCount(at: quotes) >= hashes {
            self.keep(quotes + hashes)
            self.stack.removeLast()
        } else if self.byte() == UInt8(ascii: "\n"), !isMultiline {
            // Not closed on its line: the compiler refuses it; go on with the next line.
            self.stack.removeLast()
        } else {
            self.blank()
        }
    }

    private func hashCount(at offset: Int) -> Int {
        var count = 0
        while self.byte(offset + count) == UInt8(ascii: "#") { count += 1 }
        return count
    }

    private mutating func skipComment() {
        var depth = 0
        repeat {
            if self.hasPrefix("/*") {
                depth += 1
                self.blank(2)
            } else if self.hasPrefix("*/") {
                depth -= 1
                self.blank(2)
            } else {
                self.blank()
            }
        } while depth > 0 && self.index < self.source.count
    }

    private mutating func skipRegularExpression(hashes: Int) {
        self.blank(hashes + 1)
        while self.index < self.source.count {
            if self.byte() == UInt8(ascii: "\\") {
                self.blank(2)
            } else if self.byte() == UInt8(ascii: "/"), self.hashCount(at: 1) >= hashes {
                return self.blank(hashes + 1)
            } else {
                self.blank()
            }
        }
    }
}
