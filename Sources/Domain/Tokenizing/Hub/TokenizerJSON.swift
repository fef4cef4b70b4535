/// A byte-level byte-pair tokenizer in the form of Hugging Face's `tokenizer.json`.
///
/// Read are: model `BPE` with `merges` as `"a b"` or `["a", "b"]`; pre-tokenizer `ByteLevel`, or `Split` and then
/// `ByteLevel`, with one of the split patterns of GPT-2, Llama 3, Qwen 2 or o200k_base, known by their exact text.
/// Everything else is refused with the place where it stands, so that no count is silently wrong.
///
/// Tokens are those of Hugging Face's `encode` without the special tokens around a text: added tokens are recognised
/// in text, and text is composed where the normalizer is NFC. Scalar categories are those of `ScalarClass`; a library
/// with another Unicode version may cut unassigned or fresh scalars differently.
public struct TokenizerJSON: Sendable {
    /// Texts of the added tokens by number.
    public let addedTokens: [UInt32: String]
    /// Special tokens that the tokenizer puts around each text, the start of the text for example.
    public let tokensAroundText: Int

    let store: TokenStore
    let rule: SplitRuleName
    let merges: MergeTable
    let preparation: TextPreparation

    /// - Throws: `unsupported` with the path of what is not understood, `missingByte`, `duplicate` or `tooLarge`.
    public init(_ document: TokenizerDocument) throws(TokenizingError) {
        let model = document["model"]
        try Self.checkModel(model)
        var preparation = TextPreparation()
        preparation.composes = try Self.isComposed(document["normalizer"])
        self.rule = try PreTokenizerReader.rule(document["pre_tokenizer"])
        self.tokensAroundText = try PostProcessorReader.addedTokens(document["post_processor"])
        guard case .object(let vocabulary) = model["vocab"] else {
            throw .unsupported(path: "model.vocab", reason: "it is not an object")
        }
        let added = try AddedTokenReader.read(document["added_tokens"], vocabulary, into: &preparation)
        self.preparation = preparation
        self.addedTokens = added
        self.store = try Self.store(vocabulary, added)
        self.merges = try Self.merges(model, vocabulary)
    }

    private static func isComposed(_ normalizer: TokenizerDocument) throws(TokenizingError) -> Bool {
        if normalizer.isNull { return false }
        if normalizer["type"].text == "NFC" { return true }
        if normalizer["type"].text == "Sequence", let steps = normalizer["normalizers"].list {
            if steps.isEmpty { return false }
            if steps.count == 1 { return try self.isComposed(steps[0]) }
        }
        throw .unsupported(path: "normalizer", reason: "only none and NFC are")
    }

    private static func checkModel(_ model: TokenizerDocument) throws(TokenizingError) {
        // Old files leave the type out where there are merges.
        guard model["type"].text == "BPE" || (model["type"].isNull && !model["merges"].isNull) else {
            let type = model["type"].text.map { ", not \($0)" } ?? ""
            throw .unsupported(path: "model.type", reason: "only byte-level BPE is\(type)")
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
