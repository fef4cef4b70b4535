package import Gateway
import Tokenizing

/// Counts the tokens of a whole text that is read piece by piece.
package struct TextCounting {
    private static let pieceBytes = 1 << 18
    /// The most of a text that is held in memory: for a list of ids, and for tokenizers that need all of it.
    private static let heldBytesMax = 1 << 30

    /// What counts, and why that may be wrong.
    package let rule: LocalPromptCounter.TextRule

    package init(counter: LocalPromptCounter, model: String?) throws(PromptCountingError) {
        self.rule = try counter.textRule(for: model)
    }

    /// The tokens of everything in `input`.
    package func count(_ input: ByteInput) throws(CommandFailure) -> CountedPrompt {
        guard let encoder = self.rule.encoder else {
            var bytes = 0
            while true {
                let piece = try input.next(atMost: Self.pieceBytes)
                if piece.isEmpty { break }
                bytes += piece.count
            }
            return CountedPrompt(
                tokens: Int64(LocalPromptCounter.estimate(bytes: bytes)), source: self.rule.source,
                reasons: self.rule.reasons)
        }
        var counter = StreamingCounter(encoder)
        while true {
            let piece = try input.next(atMost: Self.pieceBytes)
            if piece.isEmpty { break }
            counter.take(piece)
            guard counter.heldBytes <= Self.heldBytesMax else {
                throw CommandFailure(
                    "\(input.name) needs more than \(Self.heldBytesMax) bytes in memory to be counted as one text")
            }
        }
        return CountedPrompt(tokens: Int64(counter.finish()), source: self.rule.source, reasons: self.rule.reasons)
    }

    /// The tokens themselves; nil when there is no vocabulary.
    package func ids(_ input: ByteInput) throws(CommandFailure) -> [UInt32]? {
        guard let encoder = self.rule.encoder else { return nil }
        return encoder.encode(try input.rest(limit: Self.heldBytesMax))
    }
}
