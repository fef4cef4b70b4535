/// Recognises the pre-tokenizer of a `tokenizer.json`.
enum PreTokenizerReader {
    /// The split rule of a pre-tokenizer.
    static func rule(_ document: TokenizerDocument) throws(TokenizingError) -> SplitRuleName {
        var steps = [document]
        var path = "pre_tokenizer"
        if document["type"].text == "Sequence", let list = document["pretokenizers"].list {
            steps = list
            path += ".pretokenizers"
        }
        guard let last = steps.last, last["type"].text == "ByteLevel" else {
            throw .unsupported(path: path, reason: "only pre-tokenizers that end with ByteLevel are")
        }
        guard last["add_prefix_space"].bool == false else {
            throw .unsupported(path: path, reason: "a ByteLevel that adds a space is not")
        }
        // Left out, `use_regex` is true.
        let usesOwnPattern = last["use_regex"].bool != false
        switch (steps.count, usesOwnPattern) {
        case (1, true): return .leadingSpace
        case (2, false): return try self.split(steps[0], path + "[0]")
        default:
            throw .unsupported(path: path, reason: "only ByteLevel with its own pattern, or one Split before it, are")
        }
    }

    private static func split(_ step: TokenizerDocument, _ path: String) throws(TokenizingError) -> SplitRuleName {
        guard step["type"].text == "Split" else { throw .unsupported(path: path, reason: "only Split is") }
        // Where the pattern matches all text, keeping the matches and keeping all parts are the same.
        let inverted = step["invert"].bool == true
        switch (step["behavior"].text, inverted) {
        case ("Isolated", false), ("Removed", true), ("Isolated", true): break
        default: throw .unsupported(path: path + ".behavior", reason: "only Isolated, or Removed and inverted, are")
        }
        guard let pattern = step["pattern"]["Regex"].text, let rule = self.patterns[pattern] else {
            throw .unsupported(path: path + ".pattern", reason: "the pattern is not one of the known")
        }
        return rule
    }

    private static let contractions = "'s|'t|'re|'ve|'m|'ll|'d"
    private static let tail = #"\s*[\r\n]+|\s+(?!\S)|\s+"#

    private static func words(_ digits: String) -> String {
        #"(?i:\#(self.contractions))|[^\r\n\p{L}\p{N}]?\p{L}+|\#(digits)| ?[^\s\p{L}\p{N}]+[\r\n]*|\#(self.tail)"#
    }

    private static let cased: String = {
        let head = #"\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}"#
        let rest = #"\p{Ll}\p{Lm}\p{Lo}\p{M}"#
        let optional = "(?i:\(Self.contractions))?"
        return #"[^\r\n\p{L}\p{N}]?[\#(head)]*[\#(rest)]+\#(optional)|"#
            + #"[^\r\n\p{L}\p{N}]?[\#(head)]+[\#(rest)]*\#(optional)|"#
            + #"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\#(Self.tail)"#
    }()

    private static let patterns: [String: SplitRuleName] = [
        "\(contractions)" + #"| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#: .leadingSpace,
        words(#"\p{N}{1,3}"#): .words(.llama3),
        words(#"\p{N}"#): .words(.qwen2),
        cased: .cased,
    ]
}
