/// Reads how many special tokens a `post_processor` puts around a text, the start of the text for example.
enum PostProcessorReader {
    static func addedTokens(_ document: TokenizerDocument, path: String = "post_processor") throws(TokenizingError)
        -> Int
    {
        if document.isNull { return 0 }
        switch document["type"].text {
        case "ByteLevel": return 0
        case "BertProcessing", "RobertaProcessing": return 2
        case "TemplateProcessing": return try self.template(document, path)
        case "Sequence":
            guard let steps = document["processors"].list else { throw self.refusal(path + ".processors") }
            var tokens = 0
            for (index, step) in steps.enumerated() {
                tokens += try self.addedTokens(step, path: "\(path).processors[\(index)]")
            }
            return tokens
        default: throw .unsupported(path: path, reason: "only ByteLevel, Bert, Roberta, Template and Sequence are")
        }
    }

    /// `single` is a list of one `Sequence` and any number of `SpecialToken`, each of which stands for one or more ids.
    private static func template(_ document: TokenizerDocument, _ path: String) throws(TokenizingError) -> Int {
        guard let pieces = document["single"].list else { throw self.refusal(path + ".single") }
        var tokens = 0
        var texts = 0
        for piece in pieces {
            if !piece["Sequence"].isNull {
                texts += 1
            } else if let name = piece["SpecialToken"]["id"].text,
                let ids = document["special_tokens"][name]["ids"].list
            {
                tokens += ids.count
            } else {
                throw self.refusal(path + ".single")
            }
        }
        guard texts == 1 else { throw self.refusal(path + ".single") }
        return tokens
    }

    private static func refusal(_ path: String) -> TokenizingError {
        .unsupported(path: path, reason: "it does not have the customary form")
    }
}
