/// What an open model's tokenizer does with a text before it cuts it into pieces.
///
/// Added tokens are taken out of the text as it stands, the rest is composed, and those added tokens that are looked
/// for in normalized text are taken out of that.
struct TextPreparation: Sendable {
    var verbatim = AddedTokenFinder()
    var normalized = AddedTokenFinder()
    /// Whether text gets Unicode normalization form C.
    var composes = false

    var isNeeded: Bool { !self.verbatim.isEmpty || !self.normalized.isEmpty || self.composes }

    /// Takes well-formed UTF-8 apart, in order; texts are as the split rule wants them.
    func forEachPart(of text: UnsafeBufferPointer<UInt8>, _ body: (AddedTokenFinder.Part) -> Void) {
        self.verbatim.forEachPart(of: text) { part in
            guard case .text(let rest) = part else { return body(part) }
            guard self.composes, !Self.isComposed(rest) else { return self.normalized.forEachPart(of: rest, body) }
            CanonicalComposition.shared.composed(rest).withUnsafeBufferPointer {
                self.normalized.forEachPart(of: $0, body)
            }
        }
    }

    /// Whether the text certainly is in form C; false is no more than a suspicion.
    ///
    /// Passed over are blocks in which no scalar is a mark or has a canonical mapping: below U+0300, Cyrillic letters,
    /// common punctuation, kana, Han, Hangul syllables and the plane of emoji.
    private static func isComposed(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var index = 0
        while index < text.count {
            let byte = text[index]
            index += 1
            // Bytes within a scalar are below 0xC0.
            if byte < 0xCC { continue }
            let isPlain =
                switch (byte, text[index]) {
                case (0xD0...0xD1, _), (0xE4...0xE9, _), (0xEB...0xED, _), (0xF0, 0x9F): true
                // U+2000 and U+2001 are mapped to other spaces.
                case (0xE2, 0x80): text[index + 1] > 0x81
                // The marks U+302A to U+302F, U+3099 and U+309A.
                case (0xE3, 0x80): text[index + 1] < 0xAA
                case (0xE3, 0x82): !(0x99...0x9A).contains(text[index + 1])
                case (0xE3, _): true
                case (0xEF, 0xBC...0xBD): true
                default: false
                }
            if !isPlain { return false }
        }
        return true
    }
}
