/// What the gateway must know about one line of a batch input file, found in one validating pass (openai-api 3.7).
///
/// Ranges are offsets into the line that was scanned. A key that occurs twice counts with its last value.
public struct BatchLineFacts: Hashable, Sendable {
    /// The `custom_id` as JSON text with its quotes, to be echoed byte for byte.
    public private(set) var customID: JSONSlice
    /// Of the decoded text, so that two spellings of one id are found to be duplicates.
    public private(set) var customIDHash: WireHash
    /// The request itself: a JSON object.
    public private(set) var body: JSONSlice
    public private(set) var model: JSONSlice
    public private(set) var modelHash: WireHash
    /// `max_completion_tokens`, else `max_tokens`; nil when neither is a readable integer.
    public private(set) var outputTokensMax: Int64?
    /// 1 when absent or unreadable (the run will tell; validation is shallow, openai-api 3.9).
    public private(set) var n: Int64
    /// A string value, or nil.
    public private(set) var serviceTier: JSONSlice?

    public func customIDText(in line: UnsafeRawBufferPointer) -> String { JSONText.string(self.customID, in: line) }
    public func modelText(in line: UnsafeRawBufferPointer) -> String { JSONText.string(self.model, in: line) }

    public func serviceTierText(in line: UnsafeRawBufferPointer) -> String? {
        self.serviceTier.map { JSONText.string($0, in: line) }
    }

    public static func scan(_ line: [UInt8], _ endpoint: Endpoint) throws(BatchLineFlaw) -> BatchLineFacts {
        try withJSONBytes(line) { (buffer) throws(BatchLineFlaw) in try self.scan(buffer, endpoint) }
    }

    /// Reads one line without its line end.
    public static func scan(
        _ line: UnsafeRawBufferPointer, _ endpoint: Endpoint
    ) throws(BatchLineFlaw) -> BatchLineFacts {
        var scanner = JSONScanner(line)
        var parts = BatchLineParts()
        do throws(JSONError) {
            try parts.read(&scanner)
        } catch {
            throw .invalidJSON(error)
        }
        return try BatchLineFacts(parts, scanner, endpoint)
    }

    private init(_ parts: BatchLineParts, _ scanner: JSONScanner, _ endpoint: Endpoint) throws(BatchLineFlaw) {
        self.customID = try Self.string(parts.customID, "custom_id")
        let method = try Self.string(parts.method, "method")
        let url = try Self.string(parts.url, "url")
        guard let body = parts.body, body.kind != .null else { throw .missingParameter("body") }
        guard body.kind == .object else {
            throw .invalidType("body", expected: "an object", got: body.kind.phrase)
        }
        guard scanner.matches(method, "POST") else { throw .invalidMethod }
        // Compared as bytes; another spelling with escapes is decoded.
        guard Self.equals(url, endpoint, scanner) else { throw .invalidURL(given: scanner.string(url)) }
        guard let model = parts.model, model.kind != .null, model.kind != .string || !model.inner.isEmpty else {
            throw .missingModel
        }
        guard model.kind == .string else {
            throw .invalidType("body.model", expected: "a string", got: model.kind.phrase)
        }
        if endpoint == .chatCompletions, !parts.hasMessages { throw .missingPrompt("messages") }
        if endpoint == .embeddings, !parts.hasInput { throw .missingPrompt("input") }
        if let stream = parts.stream, scanner.isTrue(stream) { throw .streamingUnsupported }
        self.body = body
        self.model = model
        self.customIDHash = WireHash(self.customID, scanner)
        self.modelHash = WireHash(model, scanner)
        self.outputTokensMax =
            parts.maxCompletionTokens.flatMap { scanner.integer($0) } ?? parts.maxTokens.flatMap { scanner.integer($0) }
        self.n = max(1, parts.n.flatMap { scanner.integer($0) } ?? 1)
        self.serviceTier = parts.serviceTier.flatMap { $0.kind == .string ? $0 : nil }
    }

    private static func string(_ slice: JSONSlice?, _ name: String) throws(BatchLineFlaw) -> JSONSlice {
        guard let slice, slice.kind != .null else { throw .missingParameter(name) }
        guard slice.kind == .string else {
            throw .invalidType(name, expected: "a string", got: slice.kind.phrase)
        }
        return slice
    }

    private static func equals(_ url: JSONSlice, _ endpoint: Endpoint, _ scanner: JSONScanner) -> Bool {
        switch endpoint {
        case .chatCompletions: scanner.matches(url, "/v1/chat/completions")
        case .completions: scanner.matches(url, "/v1/completions")
        case .embeddings: scanner.matches(url, "/v1/embeddings")
        }
    }
}

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
    var n: JSONSlice?
    var serviceTier: JSONSlice?
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
            case 1: if scanner.matches(key, "n") { self.n = value }
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
        } else if scanner.matches(key, "service_tier") {
            self.serviceTier = value
        } else if key.isEscaped {
            if scanner.matches(key, "model") { self.model = value }
            if scanner.matches(key, "stream") { self.stream = value }
            if scanner.matches(key, "n") { self.n = value }
            if scanner.matches(key, "messages") { self.hasMessages = value.kind == .array }
            if scanner.matches(key, "input") { self.hasInput = value.kind == .array || value.kind == .string }
        }
    }
}
