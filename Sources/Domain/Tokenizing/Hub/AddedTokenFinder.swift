/// Finds added tokens in text: the leftmost first, of several that begin there the longest, as Hugging Face's library.
struct AddedTokenFinder: Sendable {
    struct Token: Sendable {
        let id: UInt32
        let bytes: [UInt8]
        /// White space before it becomes part of the token (`lstrip`).
        let takesSpaceBefore: Bool
        /// White space behind it becomes part of the token (`rstrip`).
        let takesSpaceBehind: Bool
    }

    enum Part {
        case token(UInt32)
        case text(UnsafeBufferPointer<UInt8>)
    }

    /// By first byte, the longest first.
    private var tokens = [[Token]](repeating: [], count: 256)
    private(set) var isEmpty = true

    /// Adds a token, which must not be empty.
    mutating func add(_ token: Token) {
        let first = Int(token.bytes[0])
        let place = self.tokens[first].firstIndex { $0.bytes.count < token.bytes.count }
        self.tokens[first].insert(token, at: place ?? self.tokens[first].count)
        self.isEmpty = false
    }

    /// Takes well-formed UTF-8 apart, in order.
    func forEachPart(of text: UnsafeBufferPointer<UInt8>, _ body: (Part) -> Void) {
        var taken = 0
        var index = 0
        while !self.isEmpty, index < text.count {
            guard let token = self.tokens[Int(text[index])].first(where: { Self.has(text, $0.bytes, at: index) }) else {
                index += 1
                continue
            }
            var start = index
            index += token.bytes.count
            var end = index
            if token.takesSpaceBefore { start = max(taken, Self.startOfSpace(in: text, before: start)) }
            if token.takesSpaceBehind { end = Self.endOfSpace(in: text, from: end) }
            if taken < start { body(.text(UnsafeBufferPointer(rebasing: text[taken..<start]))) }
            body(.token(token.id))
            taken = end
        }
        if taken < text.count { body(.text(UnsafeBufferPointer(rebasing: text[taken...]))) }
    }

    private static func has(_ text: UnsafeBufferPointer<UInt8>, _ bytes: [UInt8], at index: Int) -> Bool {
        guard text.count - index >= bytes.count else { return false }
        for offset in bytes.indices where text[index + offset] != bytes[offset] { return false }
        return true
    }

    private static func endOfSpace(in text: UnsafeBufferPointer<UInt8>, from index: Int) -> Int {
        ScalarClassTable.shared.withText(text) { scalars in scalars.run(of: ScalarClass.whitespace, from: index) } ?? 0
    }

    private static func startOfSpace(in text: UnsafeBufferPointer<UInt8>, before index: Int) -> Int {
        ScalarClassTable.shared.withText(text) { scalars in
            var start = index
            while start > 0 {
                var last = start - 1
                while text[last] & 0xC0 == 0x80 { last -= 1 }
                guard scalars.scalar(at: last).bits & ScalarClass.whitespace != 0 else { break }
                start = last
            }
            return start
        } ?? 0
    }
}
