/// What one line of a batch input file says, field by field, before the batch's endpoint is known.
///
/// A file is indexed when it is uploaded; which endpoint its lines must name is known only when a batch is created, so
/// nothing is judged here but the JSON itself.
public struct BatchLineReading: Hashable, Sendable {
    public enum Text: Hashable, Sendable {
        /// Absent or null.
        case missing
        case wrongType
        case text(JSONSlice, WireHash)
    }

    public enum Body: Hashable, Sendable {
        case missing
        case wrongType
        case object(JSONSlice)
    }

    public let customID: Text
    /// nil: absent or null; false: another type or method.
    public let isPost: Bool?
    public let url: Text
    public let body: Body
    public let model: Text
    public let hasMessages: Bool
    public let hasInput: Bool
    public let streams: Bool
    /// `max_completion_tokens`, else `max_tokens`; nil when neither is a readable integer.
    public let outputTokensMax: Int64?
    public let prompt: PromptParts

    public static func scan(_ line: UnsafeRawBufferPointer) throws(JSONError) -> BatchLineReading {
        var scanner = JSONScanner(line)
        var parts = BatchLineParts()
        try parts.read(&scanner)
        return BatchLineReading(parts, scanner)
    }

    private init(_ parts: BatchLineParts, _ scanner: JSONScanner) {
        self.customID = Self.text(parts.customID, scanner)
        self.url = Self.text(parts.url, scanner)
        self.model = Self.text(parts.model, scanner)
        self.isPost = parts.method.flatMap { method in
            method.kind == .null ? nil : method.kind == .string && scanner.matches(method, "POST")
        }
        switch parts.body {
        case .none: self.body = .missing
        case .some(let body) where body.kind == .null: self.body = .missing
        case .some(let body): self.body = body.kind == .object ? .object(body) : .wrongType
        }
        self.hasMessages = parts.hasMessages
        self.hasInput = parts.hasInput
        self.prompt = parts.prompt
        self.streams = parts.stream.map { scanner.isTrue($0) } ?? false
        self.outputTokensMax =
            parts.maxCompletionTokens.flatMap { scanner.integer($0) } ?? parts.maxTokens.flatMap { scanner.integer($0) }
    }

    private static func text(_ slice: JSONSlice?, _ scanner: JSONScanner) -> Text {
        guard let slice, slice.kind != .null else { return .missing }
        return slice.kind == .string ? .text(slice, WireHash(slice, scanner)) : .wrongType
    }
}

extension JSONSlice {
    /// The decoded text of a string slice of `bytes`.
    public func text(in bytes: UnsafeRawBufferPointer) -> String { JSONText.string(self, in: bytes) }
}
