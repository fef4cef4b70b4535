/// Cuts text into the pieces inside which byte pairs are merged; merging never crosses a cut.
///
/// A rule is the hand-written equal of an encoding's split regex: it gives the end of the match that the regex would
/// find at `start`. Every rule matches at least one scalar wherever it starts.
protocol SplitRule: Sendable {
    /// The end of the piece that begins at `start`, which must be inside the text.
    func pieceEnd(in text: inout ScalarText, from start: Int) -> Int
}

/// Which split rule an encoding uses.
enum SplitRuleName: Hashable, Sendable {
    case words(WordRule)
    case cased
    case leadingSpace
}
