/// Turns the float arrays of an embeddings answer into base64 of little-endian float32.
///
/// The official SDKs ask for base64 by themselves, and the Node SDK decodes whatever comes as base64, so an engine that
/// ignores `encoding_format` would fill vectors with garbage (openai-api 5.8).
public enum EmbeddingEncoding {
    /// The answer as the request asked for it, whatever the engine made of `encoding_format`.
    public static func asAsked(_ answer: [UInt8], _ facts: RequestFacts, _ endpoint: Endpoint) -> [UInt8] {
        guard endpoint == .embeddings, facts.encodingFormat == "base64" else { return answer }
        return (try? Self.base64(answer)) ?? answer
    }

    /// The answer with every `data[].embedding` that is an array of numbers replaced; everything else stays as it is.
    ///
    /// An answer whose embeddings are strings already comes back unchanged.
    public static func base64(_ answer: [UInt8]) throws(JSONError) -> [UInt8] {
        try withJSONBytes(answer) { (buffer) throws(JSONError) in
            var edit = BodyEdit()
            var scanner = JSONScanner(buffer)
            try scanner.openObject()
            while let key = try scanner.nextKey() {
                if scanner.matches(key, "data"), try scanner.peekKind() == .array {
                    try scanner.openArray()
                    while try scanner.nextElement() { try self.convertElement(&scanner, &edit) }
                } else {
                    _ = try scanner.value()
                }
            }
            try scanner.finish()
            return edit.isEmpty ? answer : edit.apply(to: buffer)
        }
    }

    private static func convertElement(_ scanner: inout JSONScanner, _ edit: inout BodyEdit) throws(JSONError) {
        guard try scanner.peekKind() == .object else {
            _ = try scanner.value()
            return
        }
        try scanner.openObject()
        while let key = try scanner.nextKey() {
            if scanner.matches(key, "embedding"), try scanner.peekKind() == .array {
                let start = scanner.offset
                let floats = try self.floats(&scanner)
                if let floats { edit.replace(start..<scanner.offset, with: Base64Text.quoted(floats)) }
            } else {
                _ = try scanner.value()
            }
        }
    }

    /// The little-endian bytes of an array of numbers; nil when an element is something else.
    private static func floats(_ scanner: inout JSONScanner) throws(JSONError) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4 * 1536)
        var areNumbers = true
        try scanner.openArray()
        while try scanner.nextElement() {
            let value = try scanner.value()
            guard value.kind == .number else {
                areNumbers = false
                continue
            }
            let pattern = FloatText.float(value.range, in: scanner.bytes).bitPattern
            for shift in stride(from: 0 as UInt32, to: 32, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: pattern >> shift))
            }
        }
        return areNumbers ? bytes : nil
    }
}
