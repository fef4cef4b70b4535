/// What engines say in words of their own, in OpenAI's: SDKs look at `code` and `type`.
extension ErrorBody {
    /// The code of a prompt that does not fit the model's context.
    public static let contextLengthCode = "context_length_exceeded"

    /// Parts of the messages of vLLM, SGLang, llama.cpp and Ollama, DeepSeek and Mistral for such a prompt.
    private static let contextLengthPhrases = [
        "maximum context length", "maximum model length", "available context size", "model's context length",
        "exceeds the context length", "exceed context window",
    ]

    /// Message and parameter stay; a number is no code, and a type that is not written like OpenAI's is none of its.
    ///
    /// - Parameter isStatusKnown: false when the status is only a guess; a prompt that is too long corrects it.
    func inOpenAIWords(isStatusKnown: Bool) -> ErrorBody {
        var body = self
        if self.isContextLength(isStatusKnown: isStatusKnown) {
            body.code = Self.contextLengthCode
            body.type = Self.invalidRequest
            if !isStatusKnown { body.status = 400 }
            return body
        }
        if self.codeIsNumber { body.code = nil }
        let isSnakeCase = self.type.utf8.allSatisfy { $0 == UInt8(ascii: "_") || (0x61...0x7A).contains($0) }
        if !isSnakeCase { body.type = Self.defaultType(status: self.status) }
        return body
    }

    private var codeIsNumber: Bool { self.code.map { !$0.isEmpty && $0.allSatisfy(\.isNumber) } ?? false }

    private func isContextLength(isStatusKnown: Bool) -> Bool {
        // llama.cpp names it.
        if self.type == "exceed_context_size_error" { return true }
        guard self.code == nil || self.codeIsNumber || self.code == self.type else { return false }
        guard !isStatusKnown || [400, 413, 422].contains(self.status) else { return false }
        let message = self.message.lowercased()
        return Self.contextLengthPhrases.contains { message.contains($0) }
    }
}
