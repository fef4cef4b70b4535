/// How text becomes tokens: where it is cut and how the bytes of a piece are merged.
struct Codec: Sendable {
    let store: TokenStore
    let rule: SplitRuleName
    /// Which pairs may be joined and in what order; nil when that follows from the ranks of the joined bytes.
    let merges: MergeTable?

    /// Hands the tokens of well-formed UTF-8 to `sink`.
    ///
    /// - Parameter isWhole: false when more text may follow; then only pieces that more text cannot change are taken.
    /// - Returns: how many bytes were taken: all of them when `isWhole`.
    func walk<Sink: TokenSink>(
        _ text: UnsafeBufferPointer<UInt8>, isWhole: Bool = true, into sink: inout Sink
    ) -> Int {
        self.store.withLookup { lookup in
            guard let merges = self.merges else {
                return withUnsafeTemporaryAllocation(of: Int32.self, capacity: PieceMerger.scratchCount) { scratch in
                    guard let scratch = scratch.baseAddress else { return 0 }
                    return self.walk(text, PieceMerger(lookup: lookup, scratch: scratch), isWhole, &sink)
                }
            }
            return self.walk(text, PairCoder(merges: merges, lookup: lookup), isWhole, &sink)
        }
    }

    private func walk<Coder: PieceCoder, Sink: TokenSink>(
        _ text: UnsafeBufferPointer<UInt8>, _ coder: Coder, _ isWhole: Bool, _ sink: inout Sink
    ) -> Int {
        switch self.rule {
        case .words(let rule): Self.walk(text, rule, coder, isWhole, &sink)
        case .cased: Self.walk(text, CasedRule(), coder, isWhole, &sink)
        case .leadingSpace: Self.walk(text, LeadingSpaceRule(), coder, isWhole, &sink)
        }
    }

    @inline(__always)
    private static func walk<Rule: SplitRule, Coder: PieceCoder, Sink: TokenSink>(
        _ text: UnsafeBufferPointer<UInt8>, _ rule: Rule, _ coder: Coder, _ isWhole: Bool, _ sink: inout Sink
    ) -> Int {
        ScalarClassTable.shared.withText(text) { scalars in
            var start = 0
            while start < scalars.count {
                let end = rule.pieceEnd(in: &scalars, from: start)
                if scalars.touchedEnd && !isWhole { return start }
                coder.code(scalars.bytes + start, end - start, into: &sink)
                start = end
            }
            return start
        } ?? 0
    }
}

/// Turns one piece into tokens.
protocol PieceCoder {
    func code<Sink: TokenSink>(_ piece: UnsafePointer<UInt8>, _ length: Int, into sink: inout Sink)
}
