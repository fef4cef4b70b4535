/// Where the parts of a batch line lie, before they are judged.
struct BatchLineParts {
    var customID: JSONSlice?
    var method: JSONSlice?
    var url: JSONSlice?
    var body: JSONSlice?
    var model: JSONSlice?
    var stream: JSONSlice?
    var maxTokens: JSONSlice?
    var maxCompletionTokens: JSONSlice?
    var hasMessages = false
    var hasInput = false
    var prompt = PromptParts()

    mutating func read(_ scanner: inout JSONScanner) throws(JSONError) {
        try scanner.openObject()
        while let key = try scanner.nextKey() {
            if scanner.matches(key, "body") {
                try self.readBody(&scanner)
                continue
            }
            let value = try scanner.value()
            if scanner.matches(key, "custom_id") {
                self.customID = value
            } else if scanner.matches(key, "method") {
                self.method = value
            } else if scanner.matches(key, "url") {
                self.url = value
            }
        }
        try scanner.finish()
    }

    private mutating func readBody(_ scanner: inout JSONScanner) throws(JSONError) {
        // A second body replaces the first one with all that was found in it.
        self = BatchLineParts(customID: self.customID, method: self.method, url: self.url)
        guard try scanner.peekKind() == .object else {
            self.body = try scanner.value()
            return
        }
        let start = scanner.offset
        try scanner.openObject()
        while let key = try scanner.nextKey() {
            let value = try scanner.value()
            self.prompt.note(key, value, scanner)
            if key.isEscaped {
                self.readRare(key, value, scanner)
                continue
            }
            switch key.range.count - 2 {
            case 5:
                if scanner.matches(key, "model") { self.model = value }
                if scanner.matches(key, "input") { self.hasInput = value.kind == .array || value.kind == .string }
            case 6: if scanner.matches(key, "stream") { self.stream = value }
            case 8: if scanner.matches(key, "messages") { self.hasMessages = value.kind == .array }
            default: self.readRare(key, value, scanner)
            }
        }
        self.body = JSONSlice(kind: .object, range: start..<scanner.offset)
    }

    /// Long names, and all names that are spelled with escapes.
    private mutating func readRare(_ key: JSONSlice, _ value: JSONSlice, _ scanner: JSONScanner) {
        if scanner.matches(key, "max_tokens") {
            self.maxTokens = value
        } else if scanner.matches(key, "max_completion_tokens") {
            self.maxCompletionTokens = value
        } else if key.isEscaped {
            if scanner.matches(key, "model") { self.model = value }
            if scanner.matches(key, "stream") { self.stream = value }
            if scanner.matches(key, "messages") { self.hasMessages = value.kind == .array }
            if scanner.matches(key, "input") { self.hasInput = value.kind == .array || value.kind == .string }
        }
    }
}
