import Tokenizing

/// Beginning and end of a prompt's text.
struct PromptEdges: Sendable {
    /// More of a prompt is not compared.
    static let bytesMax = 65_536
    /// Stands between two texts of a chat.
    static let border: UInt8 = 0

    let head: [UInt8]
    let tail: [UInt8]
    let length: Int

    init?(_ prompt: PromptReading) {
        var texts: [String] = []
        switch prompt {
        case .texts(let prompts, let tokens):
            guard prompts.count == 1, tokens == 0 else { return nil }
            texts = prompts
        case .chat(let messages, _):
            for part in messages.flatMap(\.parts) {
                guard case .text(let text) = part else { return nil }
                texts.append(text)
            }
        }
        var bytes: [UInt8] = []
        for (index, text) in texts.enumerated() {
            if index > 0 { bytes.append(Self.border) }
            bytes += text.utf8
        }
        self.head = Array(bytes.prefix(Self.bytesMax))
        self.tail = Array(bytes.suffix(Self.bytesMax))
        self.length = bytes.count
    }
}

/// What all prompts of a file have in common in front and at the end, in constant memory.
struct SharedEdges {
    /// As much as one block of `PromptPrefix`; a shorter ending is chance, or not worth moving.
    static let endingMin = 256

    private var head: [UInt8] = []
    private var tail: [UInt8] = []
    private var shortest = 0
    private var prompts = 0
    private var isComparable = true

    /// - Parameter edges: nil ends the search: not all prompts can be compared.
    mutating func take(_ edges: PromptEdges?) {
        guard self.isComparable else { return }
        guard let edges else {
            self.isComparable = false
            return
        }
        if self.prompts == 0 {
            (self.head, self.tail, self.shortest) = (edges.head, edges.tail, edges.length)
        } else {
            self.head.removeLast(self.head.count - Self.common(self.head, edges.head))
            self.tail.removeFirst(self.tail.count - Self.common(self.tail.reversed(), edges.tail.reversed()))
            self.shortest = min(self.shortest, edges.length)
        }
        self.prompts += 1
    }

    /// The text behind what varies that all prompts end with; empty when it is short or none.
    var ending: String {
        let free = max(0, self.shortest - self.head.count)
        guard self.isComparable, self.prompts > 1 else { return "" }
        // Not from the middle of a character.
        let bytes = self.tail.suffix(free).drop { $0 & 0xC0 == 0x80 }
        guard bytes.count >= Self.endingMin else { return "" }
        return String(decoding: bytes.map { $0 == PromptEdges.border ? UInt8(ascii: "\n") : $0 }, as: UTF8.self)
    }

    private static func common(_ a: some Collection<UInt8>, _ b: some Collection<UInt8>) -> Int {
        zip(a, b).prefix { $0 == $1 }.count
    }
}
