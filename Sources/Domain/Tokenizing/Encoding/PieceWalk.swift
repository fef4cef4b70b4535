/// One walk over a text: cut off a piece, hand its tokens to a sink, go on.
extension Vocabulary {
    /// Hands the tokens of well-formed UTF-8 to `sink`.
    ///
    /// - Parameter isWhole: false when more text may follow; then only pieces that more text cannot change are taken.
    /// - Returns: how many bytes were taken: all of them when `isWhole`.
    func walk<Sink: TokenSink>(
        _ text: UnsafeBufferPointer<UInt8>, isWhole: Bool = true, into sink: inout Sink
    ) -> Int {
        switch self.encoding.splitRule {
        case .words(let rule): self.walk(text, rule, isWhole, &sink)
        case .cased: self.walk(text, CasedRule(), isWhole, &sink)
        case .leadingSpace: self.walk(text, LeadingSpaceRule(), isWhole, &sink)
        }
    }

    private func walk<Rule: SplitRule, Sink: TokenSink>(
        _ text: UnsafeBufferPointer<UInt8>, _ rule: Rule, _ isWhole: Bool, _ sink: inout Sink
    ) -> Int {
        guard let bytes = text.baseAddress, !text.isEmpty else { return 0 }
        let table = ScalarClassTable.shared
        return table.pages.withUnsafeBufferPointer { pages in
            table.classes.withUnsafeBufferPointer { classes in
                guard let pages = pages.baseAddress, let classes = classes.baseAddress else { return 0 }
                let scalars = ScalarText(bytes: bytes, count: text.count, pages: pages, classes: classes)
                return self.withLookup { lookup in
                    withUnsafeTemporaryAllocation(of: Int32.self, capacity: PieceMerger.scratchCount) { scratch in
                        guard let scratch = scratch.baseAddress else { return 0 }
                        let merger = PieceMerger(lookup: lookup, scratch: scratch)
                        return Self.walk(scalars, rule, merger, isWhole, &sink)
                    }
                }
            }
        }
    }

    @inline(__always)
    private static func walk<Rule: SplitRule, Sink: TokenSink>(
        _ text: ScalarText, _ rule: Rule, _ merger: PieceMerger, _ isWhole: Bool, _ sink: inout Sink
    ) -> Int {
        var text = text
        var start = 0
        while start < text.count {
            let end = rule.pieceEnd(in: &text, from: start)
            if text.touchedEnd && !isWhole { return start }
            let rank = merger.lookup.rank(text.bytes + start, end - start)
            if rank == TokenLookup.none {
                merger.merge(text.bytes + start, end - start, into: &sink)
            } else {
                sink.take(rank)
            }
            start = end
        }
        return start
    }
}
