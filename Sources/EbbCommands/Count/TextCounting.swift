package import Gateway
import Tokenizing

/// Counts the tokens of a whole text that is read piece by piece.
package struct TextCounting {
    private static let pieceBytes = 1 << 18
    /// The largest text whose list of ids is made: the list needs the whole text in memory.
    private static let listedBytesMax = 1 << 30

    private let encoder: Encoder?
    private let reasons: Set<PromptCount.Reason>

    package init(counter: LocalPromptCounter, model: String?) {
        var (encoder, reasons) = counter.encoder(for: model ?? "")
        if model == nil { reasons.remove(.encodingGuessed) }
        self.encoder = encoder
        self.reasons = reasons
    }

    /// The tokens of everything in `input`.
    package func count(_ input: ByteInput) throws(CommandFailure) -> CountedPrompt {
        guard let encoder = self.encoder else {
            var bytes = 0
            while true {
                let piece = try input.next(atMost: Self.pieceBytes)
                if piece.isEmpty { break }
                bytes += piece.count
            }
            return CountedPrompt(tokens: Int64(LocalPromptCounter.estimate(bytes: bytes)), reasons: self.reasons)
        }
        var counter = StreamingCounter(encoder)
        while true {
            let piece = try input.next(atMost: Self.pieceBytes)
            if piece.isEmpty { break }
            counter.take(piece)
        }
        return CountedPrompt(tokens: Int64(counter.finish()), reasons: self.reasons)
    }

    /// The tokens themselves; nil when there is no vocabulary.
    package func ids(_ input: ByteInput) throws(CommandFailure) -> [UInt32]? {
        guard let encoder = self.encoder else { return nil }
        return encoder.encode(try input.rest(limit: Self.listedBytesMax))
    }
}
