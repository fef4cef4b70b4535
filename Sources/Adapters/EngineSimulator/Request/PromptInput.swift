import OpenAIWire

/// Reads the four forms of `prompt` and `input`: a text, texts, token ids, lists of token ids.
enum PromptInput {
    /// Texts in one request, at most (OpenAI's limit for embeddings).
    static let textsMax = 2_048

    static func read(
        _ scanner: inout JSONScanner, _ bytes: UnsafeRawBufferPointer, param: String
    ) throws -> [PromptText] {
        switch try scanner.peekKind() {
        case .string: return [self.text(try scanner.value(), scanner, bytes)]
        case .array: break
        default: throw RequestRefusal.invalid("\(param) must be a string or an array.", param: param)
        }
        var prompts: [PromptText] = []
        var ids = PromptText()
        try scanner.openArray()
        while try scanner.nextElement() {
            switch try scanner.peekKind() {
            case .string: prompts.append(self.text(try scanner.value(), scanner, bytes))
            case .array: prompts.append(try self.tokens(&scanner, param: param))
            default: try self.token(&scanner, into: &ids, param: param)
            }
            guard prompts.count <= Self.textsMax else {
                throw RequestRefusal.invalid("\(param) has more than \(Self.textsMax) elements.", param: param)
            }
        }
        if ids.tokens > 0 {
            guard prompts.isEmpty else {
                throw RequestRefusal.invalid("\(param) mixes token ids with texts.", param: param)
            }
            prompts.append(ids)
        }
        guard !prompts.isEmpty else { throw RequestRefusal.invalid("\(param) is empty.", param: param) }
        return prompts
    }

    private static func text(
        _ slice: JSONSlice, _ scanner: JSONScanner, _ bytes: UnsafeRawBufferPointer
    ) -> PromptText {
        var text = PromptText()
        text.append(slice, scanner, bytes)
        return text
    }

    private static func tokens(_ scanner: inout JSONScanner, param: String) throws -> PromptText {
        var ids = PromptText()
        try scanner.openArray()
        while try scanner.nextElement() { try self.token(&scanner, into: &ids, param: param) }
        return ids
    }

    private static func token(
        _ scanner: inout JSONScanner, into ids: inout PromptText, param: String
    ) throws {
        guard let id = scanner.integer(try scanner.value()), id >= 0 else {
            throw RequestRefusal.invalid("\(param) has an element that is neither text nor token id.", param: param)
        }
        ids.append(token: id)
    }
}

extension PromptText {
    /// Appends the text of a JSON string.
    mutating func append(_ slice: JSONSlice, _ scanner: JSONScanner, _ bytes: UnsafeRawBufferPointer) {
        if slice.isEscaped {
            self.append(scanner.string(slice))
        } else {
            self.append(bytes[slice.inner])
        }
    }
}
