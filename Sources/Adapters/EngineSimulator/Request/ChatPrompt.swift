import OpenAIWire

/// Reads `messages` into the text that the engine sees.
struct ChatPrompt {
    private(set) var text = PromptText()
    /// The start of the last user message.
    private(set) var mark: String?

    mutating func read(_ scanner: inout JSONScanner, _ bytes: UnsafeRawBufferPointer) throws {
        guard try scanner.peekKind() == .array else {
            throw RequestRefusal.invalid("messages must be an array.", param: "messages")
        }
        var count = 0
        try scanner.openArray()
        while try scanner.nextElement() {
            guard try scanner.peekKind() == .object else {
                throw RequestRefusal.invalid("messages[\(count)] must be an object.", param: "messages")
            }
            try self.readMessage(&scanner, bytes)
            count += 1
        }
        guard count > 0 else { throw RequestRefusal.invalid("messages is empty.", param: "messages") }
    }

    private mutating func readMessage(_ scanner: inout JSONScanner, _ bytes: UnsafeRawBufferPointer) throws {
        var role: JSONSlice?
        var content = PromptText()
        try scanner.openObject()
        while let key = try scanner.nextKey() {
            if scanner.matches(key, "role") {
                role = try scanner.value()
            } else if scanner.matches(key, "content") {
                content = try Self.readContent(&scanner, bytes)
            } else {
                let value = try scanner.value()
                // Tool calls are part of what the engine reads.
                if scanner.matches(key, "tool_calls"), value.kind == .array { content.append(bytes[value.range]) }
            }
        }
        guard let role, role.kind == .string else {
            throw RequestRefusal.invalid("A message has no role.", param: "messages")
        }
        self.text.append(role, scanner, bytes)
        self.text.appendLineFeed()
        self.text.append(content.bytes)
        self.text.appendLineFeed()
        if scanner.matches(role, "user") {
            self.mark = content.start
        }
    }

    private static func readContent(
        _ scanner: inout JSONScanner, _ bytes: UnsafeRawBufferPointer
    ) throws -> PromptText {
        var text = PromptText()
        switch try scanner.peekKind() {
        case .string: text.append(try scanner.value(), scanner, bytes)
        case .null: _ = try scanner.value()
        case .array:
            try scanner.openArray()
            while try scanner.nextElement() {
                guard try scanner.peekKind() == .object else {
                    throw RequestRefusal.invalid("A content part must be an object.", param: "messages")
                }
                try Self.readPart(&scanner, bytes, into: &text)
            }
        default: throw RequestRefusal.invalid("content must be a string or an array.", param: "messages")
        }
        return text
    }

    private static func readPart(
        _ scanner: inout JSONScanner, _ bytes: UnsafeRawBufferPointer, into text: inout PromptText
    ) throws {
        var piece: JSONSlice?
        try scanner.openObject()
        while let key = try scanner.nextKey() {
            let value = try scanner.value()
            if value.kind == .string, scanner.matches(key, "text") || scanner.matches(key, "refusal") { piece = value }
        }
        if let piece { text.append(piece, scanner, bytes) } else { text.appendOpaquePart() }
    }
}
