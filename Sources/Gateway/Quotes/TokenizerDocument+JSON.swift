public import OpenAIWire
public import Tokenizing

extension TokenizerDocument {
    /// Reads the text of a `tokenizer.json`; of a key that comes twice the last value counts.
    public init(json bytes: [UInt8]) throws(JSONError) {
        let result: Result<TokenizerDocument, JSONError> = bytes.withUnsafeBytes { bytes in
            do throws(JSONError) {
                var scanner = JSONScanner(bytes)
                let document = try Self.read(&scanner)
                try scanner.finish()
                return .success(document)
            } catch {
                return .failure(error)
            }
        }
        self = try result.get()
    }

    /// Straight from the scanner: a vocabulary of some hundred thousand entries is not built twice.
    private static func read(_ scanner: inout JSONScanner) throws(JSONError) -> TokenizerDocument {
        switch try scanner.peekKind() {
        case .object:
            var members: [String: TokenizerDocument] = [:]
            try scanner.openObject()
            while let key = try scanner.nextKey() {
                let name = scanner.string(key)
                members[name] = try Self.read(&scanner)
            }
            return .object(members)
        case .array:
            var elements: [TokenizerDocument] = []
            try scanner.openArray()
            while try scanner.nextElement() { elements.append(try Self.read(&scanner)) }
            return .list(elements)
        case .string: return .text(scanner.string(try scanner.value()))
        case .bool: return .bool(scanner.isTrue(try scanner.value()))
        case .number:
            let number = try scanner.value()
            if let integer = scanner.integer(number) { return .integer(Int(integer)) }
            return .fraction(Double(String(decoding: scanner.raw(number), as: UTF8.self)) ?? .infinity)
        case .null:
            _ = try scanner.value()
            return .null
        }
    }
}
