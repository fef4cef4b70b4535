/// A byte-level byte-pair tokenizer in the form of Hugging Face's `tokenizer.json`.
///
/// Read are: model `BPE` with `merges` as `"a b"` or `["a", "b"]`; pre-tokenizer `ByteLevel`, or `Split` and then
/// `ByteLevel`, with one of the split patterns of GPT-2, Llama 3, Qwen 2 or o200k_base, known by their exact text.
/// Everything else is refused with the place where it stands, so that no count is silently wrong.
///
/// Added tokens are decoded but never recognised in text, as in `encode_ordinary`. Scalar categories are those of
/// `ScalarClass`; a library with another Unicode version may cut unassigned or fresh scalars differently.
public struct TokenizerJSON: Sendable {
    /// What the tokenizer does to the text before it is cut; the caller does this where it matters.
    public enum Normalization: Hashable, Sendable {
        case none
        /// Unicode normalization form C: counts hold for text that is in this form already.
        case composed
    }

    public let normalization: Normalization
    /// Texts of the added tokens by number.
    public let addedTokens: [UInt32: String]

    let store: TokenStore
    let rule: SplitRuleName
    let merges: MergeTable

    /// - Throws: `unsupported` with the path of what is not understood, `missingByte`, `duplicate` or `tooLarge`.
    public init(_ document: TokenizerDocument) throws(TokenizingError) {
        self.normalization = try Self.normalization(document["normalizer"])
        self.rule = try PreTokenizerReader.rule(document["pre_tokenizer"])
        let model = document["model"]
        try Self.checkModel(model)
        guard case .object(let vocabulary) = model["vocab"] else {
            throw .unsupported(path: "model.vocab", reason: "it is not an object")
        }
        let added = try Self.addedTokens(document["added_tokens"])
        self.addedTokens = added
        self.store = try Self.store(vocabulary, added)
        self.merges = try Self.merges(model, vocabulary)
    }

    private static func normalization(_ normalizer: TokenizerDocument) throws(TokenizingError) -> Normalization {
        if normalizer.isNull { return .none }
        if normalizer["type"].text == "NFC" { return .composed }
        if normalizer["type"].text == "Sequence", normalizer["normalizers"].list?.isEmpty == true { return .none }
        throw .unsupported(path: "normalizer", reason: "only none and NFC are")
    }

    private static func checkModel(_ model: TokenizerDocument) throws(TokenizingError) {
        // Old files leave the type out where there are merges.
        guard model["type"].text == "BPE" || (model["type"].isNull && !model["merges"].isNull) else {
            throw .unsupported(path: "model.type", reason: "only BPE is")
        }
        for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
            guard model[key].isNull || model[key].text == "" else {
                throw .unsupported(path: "model.\(key)", reason: "only byte-level models are")
            }
        }
        guard model["byte_fallback"].bool != true else {
            throw .unsupported(path: "model.byte_fallback", reason: "only byte-level models are")
        }
        switch model["dropout"] {
        case .null, .integer(0), .fraction(0): break
        default: throw .unsupported(path: "model.dropout", reason: "counts would be random")
        }
    }

    private static func addedTokens(_ list: TokenizerDocument) throws(TokenizingError) -> [UInt32: String] {
        if list.isNull { return [:] }
        guard let list = list.list else { throw .unsupported(path: "added_tokens", reason: "it is not a list") }
        var tokens: [UInt32: String] = [:]
        for (index, entry) in list.enumerated() {
            guard let token = entry["id"].token, let content = entry["content"].text else {
                throw .unsupported(path: "added_tokens[\(index)]", reason: "it has no id and content")
            }
            tokens[token] = content
        }
        return tokens
    }

    /// The ordinary tokens; entries of the vocabulary that are added tokens are no ordinary tokens.
    private static func store(
        _ vocabulary: [String: TokenizerDocument], _ added: [UInt32: String]
    ) throws(TokenizingError) -> TokenStore {
        var blob: [UInt8] = []
        var spans = [UInt64](repeating: 0, count: vocabulary.count)
        for (text, value) in vocabulary {
            guard let token = value.token else {
                throw .unsupported(path: "model.vocab[\(text)]", reason: "it is no token number")
            }
            if added[token] == text { continue }
            let offset = blob.count
            guard !text.isEmpty, ByteLevelAlphabet.append(text, to: &blob) else {
                throw .unsupported(path: "model.vocab[\(text)]", reason: "it is not written in byte-level scalars")
            }
            while spans.count <= Int(token) { spans.append(0) }
            guard spans[Int(token)] == 0 else {
                throw .unsupported(path: "model.vocab[\(text)]", reason: "the number \(token) was given before")
            }
            spans[Int(token)] = UInt64(offset) << 32 | UInt64(blob.count - offset)
        }
        return try TokenStore(blob: blob, spans: spans)
    }

    private static func merges(
        _ model: TokenizerDocument, _ vocabulary: [String: TokenizerDocument]
    ) throws(TokenizingError) -> MergeTable {
        guard let list = model["merges"].list else {
            throw .unsupported(path: "model.merges", reason: "it is not a list")
        }
        var table = MergeTable(count: list.count, takesWholePieces: model["ignore_merges"].bool == true)
        for (order, entry) in list.enumerated() {
            guard let (left, right) = Self.pair(entry) else {
                throw .unsupported(path: "model.merges[\(order)]", reason: "it is not a pair")
            }
            guard let leftToken = vocabulary[left]?.token, let rightToken = vocabulary[right]?.token,
                let joined = vocabulary[left + right]?.token
            else { throw .unsupported(path: "model.merges[\(order)]", reason: "it names a token that does not exist") }
            table.add(left: leftToken, right: rightToken, order: UInt32(order), joined: joined)
        }
        return table
    }

    private static func pair(_ entry: TokenizerDocument) -> (String, String)? {
        switch entry {
        case .text(let text):
            // A space never stands for itself in byte-level scalars.
            let halves = text.split(separator: " ", omittingEmptySubsequences: false)
            return halves.count == 2 ? (String(halves[0]), String(halves[1])) : nil
        case .list(let list) where list.count == 2:
            guard let left = list[0].text, let right = list[1].text else { return nil }
            return (left, right)
        default:
            return nil
        }
    }
}
