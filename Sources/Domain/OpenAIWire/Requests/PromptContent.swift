/// What a prompt holds besides text, for an upper bound of its tokens.
///
/// Walks the prompt once; for cold paths, since the facts of a request are found without it.
public struct PromptContent: Hashable, Sendable {
    /// An image of a message.
    public struct Image: Hashable, Sendable {
        /// Empty when the part has none, as with images that are named by a file id.
        public var url = ""
        /// The bytes that the URL takes in the body.
        public var urlBytes = 0
        /// As the client wrote it.
        public var detail: String?

        /// True when the image itself stands in the body.
        public var isInline: Bool { self.url.prefix(5).lowercased() == "data:" }
    }

    /// Prompts that are answered one by one; at least 1.
    public private(set) var promptCount: Int64 = 1
    public private(set) var images: [Image] = []
    /// True when a part's tokens are not bounded by its bytes in the body: files, videos and sounds that lie elsewhere,
    /// and kinds that are not known here.
    public private(set) var hasOpenPart = false

    /// - Parameter body: the one that the facts were found in.
    public init(_ facts: RequestFacts, in body: [UInt8]) {
        do throws(JSONError) {
            try withJSONBytes(body) { (buffer) throws(JSONError) in try self.read(facts, buffer) }
        } catch {
            // The body was validated when its facts were found; whatever this is, nothing is known about it.
            self.hasOpenPart = true
        }
    }

    private mutating func read(_ facts: RequestFacts, _ buffer: UnsafeRawBufferPointer) throws(JSONError) {
        let field: RequestField =
            switch facts.endpoint {
            case .chatCompletions: .messages
            case .completions: .prompt
            case .embeddings: .input
            }
        guard let value = facts[field]?.value, value.kind == .array else { return }
        var scanner = JSONScanner(buffer, from: value.range.lowerBound)
        if facts.endpoint == .chatCompletions {
            try self.readMessages(&scanner)
        } else {
            try self.readPrompts(&scanner)
        }
    }

    /// Texts and lists of tokens are a prompt each; tokens that stand in the outer list are one together.
    private mutating func readPrompts(_ scanner: inout JSONScanner) throws(JSONError) {
        var separate: Int64 = 0
        var hasTokens = false
        try scanner.openArray()
        while try scanner.nextElement() {
            switch try scanner.value().kind {
            case .number: hasTokens = true
            case .object:
                // Some engines embed images so.
                self.images.append(Image())
                separate += 1
            case .string, .array, .bool, .null: separate += 1
            }
        }
        self.promptCount = max(separate + (hasTokens ? 1 : 0), 1)
    }

    private mutating func readMessages(_ scanner: inout JSONScanner) throws(JSONError) {
        try scanner.openArray()
        while try scanner.nextElement() {
            guard try scanner.peekKind() == .object else {
                _ = try scanner.value()
                continue
            }
            try scanner.openObject()
            while let key = try scanner.nextKey() {
                if scanner.matches(key, "content"), try scanner.peekKind() == .array {
                    try self.readParts(&scanner)
                } else {
                    // An answer that was spoken earlier is named by its id.
                    let value = try scanner.value()
                    if value.kind == .object, scanner.matches(key, "audio") { self.hasOpenPart = true }
                }
            }
        }
    }

    private mutating func readParts(_ scanner: inout JSONScanner) throws(JSONError) {
        try scanner.openArray()
        while try scanner.nextElement() {
            if try scanner.peekKind() == .object {
                try self.readPart(&scanner)
            } else {
                _ = try scanner.value()
            }
        }
    }

    private mutating func readPart(_ scanner: inout JSONScanner) throws(JSONError) {
        var image = Image()
        var type: JSONSlice?
        var hasURL = false
        try scanner.openObject()
        while let key = try scanner.nextKey() {
            if scanner.matches(key, "image_url") {
                hasURL = true
                try image.readURL(&scanner)
            } else {
                let value = try scanner.value()
                if scanner.matches(key, "type") { type = value }
                if scanner.matches(key, "detail") { image.readDetail(value, scanner) }
            }
        }
        let isImage = type.map { Self.names($0, Self.imageTypes, scanner) } ?? false
        if hasURL || isImage {
            self.images.append(image)
        } else if !(type.map { Self.names($0, Self.inlineTypes, scanner) } ?? false) {
            self.hasOpenPart = true
        }
    }

    private static let imageTypes: [StaticString] = ["image_url", "input_image"]
    /// Kinds whose tokens are fewer than their bytes.
    private static let inlineTypes: [StaticString] = [
        "text", "input_text", "output_text", "refusal", "thinking", "input_audio",
    ]

    private static func names(_ value: JSONSlice, _ types: [StaticString], _ scanner: JSONScanner) -> Bool {
        value.kind == .string && types.contains { scanner.matches(value, $0) }
    }
}

extension PromptContent.Image {
    /// `"https://…"`, or `{"url": "https://…", "detail": "low"}`.
    fileprivate mutating func readURL(_ scanner: inout JSONScanner) throws(JSONError) {
        guard try scanner.peekKind() == .object else {
            self.setURL(try scanner.value(), scanner)
            return
        }
        try scanner.openObject()
        while let key = try scanner.nextKey() {
            let value = try scanner.value()
            if scanner.matches(key, "url") { self.setURL(value, scanner) }
            if scanner.matches(key, "detail") { self.readDetail(value, scanner) }
        }
    }

    private mutating func setURL(_ value: JSONSlice, _ scanner: JSONScanner) {
        guard value.kind == .string else { return }
        self.url = scanner.string(value)
        self.urlBytes = value.inner.count
    }

    fileprivate mutating func readDetail(_ value: JSONSlice, _ scanner: JSONScanner) {
        if value.kind == .string { self.detail = scanner.string(value) }
    }
}
