import OpenAIWire

/// What a call of `/v1/embeddings` asks for.
struct EmbeddingAsk: Sendable {
    var model: String?
    var inputs: [PromptText] = []
    var dimensions: Int?
    var wantsBase64 = false
    var mark: String?

    var tokens: Int { self.inputs.reduce(0) { $0 + $1.tokens } }

    init(parsing bytes: UnsafeRawBufferPointer) throws(RequestRefusal) {
        do {
            try self.read(bytes)
        } catch {
            throw .of(error)
        }
    }

    private mutating func read(_ bytes: UnsafeRawBufferPointer) throws {
        var scanner = JSONScanner(bytes)
        try scanner.openObject()
        while let key = try scanner.nextKey() {
            if scanner.matches(key, "input") {
                self.inputs = try PromptInput.read(&scanner, bytes, param: "input")
                continue
            }
            let value = try scanner.value()
            if value.kind == .string {
                if scanner.matches(key, "model") { self.model = scanner.string(value) }
                if scanner.matches(key, "user") { self.mark = scanner.string(value) }
                if scanner.matches(key, "encoding_format") { self.wantsBase64 = scanner.matches(value, "base64") }
            } else if value.kind == .number, scanner.matches(key, "dimensions") {
                guard let number = scanner.integer(value), (1...Int64(SimulatorOptions.dimensionsMax)).contains(number)
                else {
                    throw RequestRefusal.invalid(
                        "dimensions must be between 1 and \(SimulatorOptions.dimensionsMax).", param: "dimensions")
                }
                self.dimensions = Int(number)
            }
        }
        try scanner.finish()
        guard !self.inputs.isEmpty else { throw RequestRefusal.invalid("input is missing.", param: "input") }
        if self.mark == nil, let first = self.inputs.first {
            self.mark = "text:\(first.start)"
        }
    }
}
