/// The rule of o200k_base and o200k_harmony: words are cut where lower case turns to upper case.
///
/// Source: tiktoken 0.14.0, openai_public.py. Its first two alternatives are, with U for `\p{Lu}\p{Lt}`, B for
/// `\p{Lm}\p{Lo}\p{M}`, L for `\p{Ll}` and C for an optional contraction:
/// `[^\r\n\p{L}\p{N}]?[UB]*[LB]+C` and `[^\r\n\p{L}\p{N}]?[UB]+[LB]*C`; then
/// `\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`.
struct CasedRule: SplitRule {
    private static let head = ScalarClass.upper | ScalarClass.uncased | ScalarClass.mark
    private static let tail = ScalarClass.lower | ScalarClass.uncased | ScalarClass.mark

    @inline(__always)
    func pieceEnd(in text: inout ScalarText, from start: Int) -> Int {
        let (bits, length) = text.scalar(at: start)
        let next = start + length
        if bits & ScalarClass.letter != 0 {
            return self.afterContraction(in: &text, at: self.wordEnd(in: &text, from: start).end)
        }
        if bits == ScalarClass.number { return text.numbersEnd(from: next, atMost: 2) }
        if bits != ScalarClass.newline {
            let following = text.bits(at: next)
            if following & (Self.head | Self.tail) != 0 {
                let word = self.wordEnd(in: &text, from: next)
                // A mark may be the optional first scalar or the word itself; the regex tries the longer reading
                // first and falls back to the mark alone before it accepts a word of capitals only.
                if bits == ScalarClass.mark && word.isCapitalsOnly { return self.afterContraction(in: &text, at: next) }
                return self.afterContraction(in: &text, at: word.end)
            }
            if bits == ScalarClass.mark { return self.afterContraction(in: &text, at: next) }
            let afterSpace = text.bytes[start] == UInt8(ascii: " ") && following & ScalarClass.other != 0
            if afterSpace || bits == ScalarClass.symbol { return self.symbolsEnd(in: &text, from: next) }
        }
        return self.whitespaceEnd(in: &text, from: start)
    }

    /// The end of `[UB]*[LB]+`, or of `[UB]+` when no scalar of `[LB]` follows or can be given back.
    @inline(__always)
    private func wordEnd(in text: inout ScalarText, from start: Int) -> (end: Int, isCapitalsOnly: Bool) {
        var index = start
        var lastUncasedEnd = -1
        while index < text.count {
            let (bits, length) = text.scalar(at: index)
            if bits & Self.head == 0 {
                if bits == ScalarClass.lower { return (text.run(of: Self.tail, from: index + length), false) }
                break
            }
            index += length
            if bits != ScalarClass.upper { lastUncasedEnd = index }
        }
        if index == text.count { text.touchedEnd = true }
        return lastUncasedEnd >= 0 ? (lastUncasedEnd, false) : (index, true)
    }

    @inline(__always)
    private func afterContraction(in text: inout ScalarText, at index: Int) -> Int {
        guard text.byte(at: index) == UInt8(ascii: "'") else { return index }
        return text.contractionEnd(at: index, ignoringCase: true) ?? index
    }

    private func symbolsEnd(in text: inout ScalarText, from start: Int) -> Int {
        var index = text.run(of: ScalarClass.other, from: start)
        while true {
            switch text.byte(at: index) {
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "/"): index += 1
            default: return index
            }
        }
    }

    private func whitespaceEnd(in text: inout ScalarText, from start: Int) -> Int {
        let run = text.whitespaceRun(from: start)
        if let newlineEnd = run.newlineEnd { return newlineEnd }
        if run.end == text.count || run.lastStart == start { return run.end }
        return run.lastStart
    }
}
