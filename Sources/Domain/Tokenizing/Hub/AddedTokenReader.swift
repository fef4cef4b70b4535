/// Reads `added_tokens`, and puts each where it is looked for.
enum AddedTokenReader {
    /// The texts by number.
    static func read(
        _ list: TokenizerDocument, _ vocabulary: [String: TokenizerDocument], into preparation: inout TextPreparation
    ) throws(TokenizingError) -> [UInt32: String] {
        var texts: [UInt32: String] = [:]
        if list.isNull { return texts }
        guard let list = list.list else { throw .unsupported(path: "added_tokens", reason: "it is not a list") }
        for (index, entry) in list.enumerated() {
            let path = "added_tokens[\(index)]"
            guard let id = entry["id"].token, let text = entry["content"].text else {
                throw .unsupported(path: path, reason: "it has no id and content")
            }
            guard vocabulary[text].map({ $0.token == id }) ?? true else {
                throw .unsupported(path: path + ".id", reason: "the vocabulary has another number for it")
            }
            guard entry["single_word"].bool != true else {
                throw .unsupported(path: path + ".single_word", reason: "only tokens that may stand in a word are")
            }
            guard texts.updateValue(text, forKey: id) == nil else {
                throw .unsupported(path: path + ".id", reason: "the number \(id) was given before")
            }
            if text.isEmpty { continue }
            let isNormalized = entry["normalized"].bool == true
            var bytes = Array(text.utf8)
            if isNormalized, preparation.composes {
                bytes = bytes.withUnsafeBufferPointer { CanonicalComposition.shared.composed($0) }
            }
            let token = AddedTokenFinder.Token(
                id: id, bytes: bytes, takesSpaceBefore: entry["lstrip"].bool == true,
                takesSpaceBehind: entry["rstrip"].bool == true)
            if isNormalized { preparation.normalized.add(token) } else { preparation.verbatim.add(token) }
        }
        return texts
    }
}
