/// The pieces of a text, for looking at a split rule by itself.
package enum PieceSplitter {
    /// Cuts `text` by the split rule of `encoding`; the pieces joined are the text.
    package static func pieces(of text: String, encoding: EncodingName) -> [String] {
        switch encoding.splitRule {
        case .words(let rule): self.pieces(Array(text.utf8), rule)
        case .cased: self.pieces(Array(text.utf8), CasedRule())
        case .leadingSpace: self.pieces(Array(text.utf8), LeadingSpaceRule())
        }
    }

    private static func pieces(_ bytes: [UInt8], _ rule: some SplitRule) -> [String] {
        bytes.withUnsafeBufferPointer { text in
            ScalarClassTable.shared.withText(text) { scalars in
                var pieces: [String] = []
                var start = 0
                while start < text.count {
                    let end = rule.pieceEnd(in: &scalars, from: start)
                    pieces.append(String(decoding: text[start..<end], as: UTF8.self))
                    start = end
                }
                return pieces
            } ?? []
        }
    }
}
