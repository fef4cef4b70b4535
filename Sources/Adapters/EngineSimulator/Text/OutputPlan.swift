/// What one choice of an answer will say, decided before its first token: same prompt, same words.
///
/// Tokens are made one by one from their place, so that no answer has to be held in memory.
package struct OutputPlan: Hashable, Sendable {
    package enum Form: Hashable, Sendable {
        case text
        /// One JSON object (`response_format` asks for JSON).
        case object
        /// The arguments of a tool call; the first token stands for the tool's name and has no text.
        case toolCall
    }

    package enum Ending: String, Hashable, Sendable {
        case stop, length
        case toolCalls = "tool_calls"
    }

    package let form: Form
    /// Tokens in all, reasoning included.
    package let tokens: Int
    /// The tokens from the start that are reasoning.
    package let reasoningTokens: Int
    package let ending: Ending
    private let seed: UInt64
    /// Tokens that the answer would have without a limit.
    private let naturalTokens: Int

    package static let toolCallTokens = 4
    package static let tokensMin = 4

    /// - Parameters:
    ///   - limit: the request's `max_tokens` and what the context leaves, at least 1.
    ///   - tokensMax: the longest answer of its own accord.
    package init(
        form: Form, seed: UInt64, tokensMax: Int, limit: Int?, ignoresEnd: Bool = false, reasons: Bool = false
    ) {
        var natural: Int
        if form == .toolCall {
            natural = Self.toolCallTokens
        } else if ignoresEnd {
            natural = limit ?? tokensMax
        } else {
            let floor = min(Self.tokensMin, tokensMax)
            natural = floor + Int(StableHash.mix(seed) % UInt64(tokensMax - floor + 1))
        }
        let isCut = limit.map { $0 < natural } ?? false
        let endsAtLimit = ignoresEnd && limit != nil && form != .toolCall
        self.form = form
        self.seed = seed
        self.tokens = isCut ? limit ?? natural : natural
        self.naturalTokens = natural
        self.reasoningTokens = reasons && form != .toolCall ? min(natural / 2, self.tokens) : 0
        self.ending = isCut || endsAtLimit ? .length : form == .toolCall ? .toolCalls : .stop
    }

    /// Appends the text of a token.
    @inline(__always)
    package func append(token index: Int, to bytes: inout [UInt8]) {
        switch self.form {
        case .text: self.appendWord(index, isFirst: index == 0 || index == self.reasoningTokens, to: &bytes)
        case .toolCall: Self.toolCall(index).withUTF8Buffer { bytes.append(contentsOf: $0) }
        case .object: self.appendObject(index, to: &bytes)
        }
    }

    private static func toolCall(_ index: Int) -> StaticString {
        switch index {
        case 0: ""
        case 1: "{\"simulated\""
        case 2: ":true"
        default: "}"
        }
    }

    private func appendObject(_ index: Int, to bytes: inout [UInt8]) {
        guard index >= self.reasoningTokens else {
            self.appendWord(index, isFirst: index == 0, to: &bytes)
            return
        }
        let place = index - self.reasoningTokens
        let last = self.naturalTokens - self.reasoningTokens - 1
        if place == 0 { bytes.append(contentsOf: #"{"simulated":true,"text":""#.utf8) }
        // An object of one token has no room for words.
        if place > 0, place < last { self.appendWord(index, isFirst: place == 1, to: &bytes) }
        if place == last { bytes.append(contentsOf: "\"}".utf8) }
    }

    @inline(__always)
    private func appendWord(_ index: Int, isFirst: Bool, to bytes: inout [UInt8]) {
        if isFirst {
            bytes.append(contentsOf: "simulated".utf8)
            return
        }
        bytes.append(0x20)
        let words = SimulatedWords.all
        let word = words[Int(StableHash.mix(self.seed &+ UInt64(index)) & UInt64(words.count - 1))]
        word.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }
}
