/// What the simulated engine must know of a request: sizes and the fingerprint of its prompt, no text.
package struct ModelRequest: Hashable, Sendable {
    package let id: UInt64
    package let promptTokens: Int
    /// Chain hashes of the prompt's full blocks, first block first.
    package let chain: [UInt64]
    /// Output tokens of the first choice; 0 for an embedding.
    package let outputTokens: Int
    /// Output tokens of further choices: all choices of a request decode in step, in one slot.
    package var otherOutputs: [Int] = []
    /// True when the caller wants to hear of tokens as they come, not of the end only.
    package var wantsTokens = true
    /// The time to the first token is multiplied by this (fault `slow`).
    package var firstTokenFactor: Int64 = 1
    /// The slot that the caller would like (`id_slot`); taken when it is free.
    package var slot: Int?

    package init(id: UInt64, promptTokens: Int, chain: [UInt64] = [], outputTokens: Int) {
        self.id = id
        self.promptTokens = promptTokens
        self.chain = chain
        self.outputTokens = outputTokens
    }

    /// Decoding steps until the longest choice is complete.
    var steps: Int { self.otherOutputs.reduce(self.outputTokens) { Swift.max($0, $1) } }

    /// Tokens of all choices in the steps `from..<to`.
    func tokens(from: Int, to: Int) -> Int {
        self.otherOutputs.reduce(Self.tokens(self.outputTokens, from, to)) { $0 + Self.tokens($1, from, to) }
    }

    private static func tokens(_ length: Int, _ from: Int, _ to: Int) -> Int { min(to, length) - min(from, length) }
}
