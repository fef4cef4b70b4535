/// The rule of r50k_base, p50k_base and GPT-2: words keep one leading space.
///
/// Source: tiktoken 0.14.0, openai_public.py:
/// `'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s`
struct LeadingSpaceRule: SplitRule {
    @inline(__always)
    func pieceEnd(in text: inout ScalarText, from start: Int) -> Int {
        if let end = text.contractionEnd(at: start, ignoringCase: false) { return end }
        let (bits, length) = text.scalar(at: start)
        let next = start + length
        var wanted = bits
        if text.bytes[start] == UInt8(ascii: " ") { wanted = text.bits(at: next) }
        for family in [ScalarClass.letter, ScalarClass.number, ScalarClass.other] where wanted & family != 0 {
            return text.run(of: family, from: next)
        }
        let run = text.whitespaceRun(from: start)
        return run.end == text.count || run.lastStart == start ? run.end : run.lastStart
    }
}
