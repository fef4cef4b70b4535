/// The rule of cl100k_base and its descendants in Llama 3 and Qwen 2.
///
/// cl100k_base (tiktoken 0.14.0, openai_public.py):
/// `'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+` and then
/// `| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s`
struct WordRule: SplitRule, Hashable {
    /// How many digits one piece may hold: 3, or 1 for Qwen 2.
    let maximumDigits: Int
    /// Whether whitespace at the end of the text stays one piece even when it holds a line break (`\s++$` first).
    let keepsTrailingWhitespaceWhole: Bool

    static let cl100k = WordRule(maximumDigits: 3, keepsTrailingWhitespaceWhole: true)
    static let llama3 = WordRule(maximumDigits: 3, keepsTrailingWhitespaceWhole: false)
    static let qwen2 = WordRule(maximumDigits: 1, keepsTrailingWhitespaceWhole: false)

    @inline(__always)
    func pieceEnd(in text: inout ScalarText, from start: Int) -> Int {
        let (bits, length) = text.scalar(at: start)
        let next = start + length
        if bits & ScalarClass.letter != 0 { return text.run(of: ScalarClass.letter, from: next) }
        if bits == ScalarClass.number { return text.numbersEnd(from: next, atMost: self.maximumDigits - 1) }
        if bits != ScalarClass.newline {
            let byte = text.bytes[start]
            if byte == UInt8(ascii: "'"), let end = text.contractionEnd(at: start, ignoringCase: true) { return end }
            let following = text.bits(at: next)
            if following & ScalarClass.letter != 0 { return text.run(of: ScalarClass.letter, from: next) }
            let afterSpace = byte == UInt8(ascii: " ") && following & ScalarClass.other != 0
            if afterSpace || bits & ScalarClass.other != 0 {
                let end = text.run(of: ScalarClass.other, from: next)
                return text.run(of: ScalarClass.newline, from: end)
            }
        }
        return self.whitespaceEnd(in: &text, from: start)
    }

    private func whitespaceEnd(in text: inout ScalarText, from start: Int) -> Int {
        let run = text.whitespaceRun(from: start)
        if self.keepsTrailingWhitespaceWhole && run.end == text.count { return run.end }
        if let newlineEnd = run.newlineEnd { return newlineEnd }
        if run.end == text.count || run.lastStart == start { return run.end }
        return run.lastStart
    }
}
