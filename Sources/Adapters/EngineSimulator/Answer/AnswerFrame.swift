/// What all parts of one completion's answer have in common.
struct AnswerFrame: Sendable {
    let isChat: Bool
    /// `chatcmpl-simulated-…` or `cmpl-simulated-…`.
    var id: String
    /// Seconds since the epoch.
    let created: Int
    /// The model's name as JSON.
    let modelQuoted: [UInt8]
    let promptTokens: Int
    /// One per choice.
    let plans: [OutputPlan]
    /// The called tool's name as JSON.
    let toolQuoted: [UInt8]
    let hasLogprobs: Bool

    static let fingerprint: StaticString = "\"system_fingerprint\":\"simulated\""

    /// Decoding steps of the longest choice.
    var steps: Int { self.plans.reduce(0) { max($0, $1.tokens) } }

    func numbered(_ number: UInt64) -> AnswerFrame {
        var frame = self
        frame.id = (self.isChat ? "chatcmpl-simulated-" : "cmpl-simulated-") + String(number, radix: 16)
        return frame
    }

    /// The opening of the answer or of a chunk, up to the choices.
    func appendOpening(object: StaticString, to bytes: inout [UInt8]) {
        bytes.append("{\"id\":\"")
        bytes.append(utf8: self.id)
        bytes.append("\",\"object\":\"")
        bytes.append(object)
        bytes.append("\",\"created\":")
        bytes.append(decimal: self.created)
        bytes.append(",\"model\":")
        bytes.append(contentsOf: self.modelQuoted)
        bytes.append(",")
        bytes.append(Self.fingerprint)
        bytes.append(",\"choices\":[")
    }

    func appendUsage(cachedTokens: Int, to bytes: inout [UInt8]) {
        let completion = self.plans.reduce(0) { $0 + $1.tokens }
        bytes.append("{\"prompt_tokens\":")
        bytes.append(decimal: self.promptTokens)
        bytes.append(",\"completion_tokens\":")
        bytes.append(decimal: completion)
        bytes.append(",\"total_tokens\":")
        bytes.append(decimal: self.promptTokens + completion)
        bytes.append(",\"prompt_tokens_details\":{\"cached_tokens\":")
        bytes.append(decimal: cachedTokens)
        bytes.append("},\"completion_tokens_details\":{\"reasoning_tokens\":")
        bytes.append(decimal: self.plans.reduce(0) { $0 + $1.reasoningTokens })
        bytes.append("}}")
    }

    /// The text of the tokens, escaped for a JSON string.
    func appendText(of plan: OutputPlan, _ tokens: Range<Int>, to bytes: inout [UInt8]) {
        let start = bytes.count
        for token in tokens { plan.append(token: token, to: &bytes) }
        if plan.form != .text { bytes.escapeQuotes(from: start) }
    }

    func appendEnding(_ plan: OutputPlan, to bytes: inout [UInt8]) {
        bytes.append(",\"finish_reason\":\"")
        switch plan.ending {
        case .stop: bytes.append("stop")
        case .length: bytes.append("length")
        case .toolCalls: bytes.append("tool_calls")
        }
        bytes.append("\"")
    }

    /// `"logprobs":` for the tokens: made up from their place, never positive.
    func appendLogprobs(of plan: OutputPlan, _ tokens: Range<Int>, to bytes: inout [UInt8]) {
        guard self.hasLogprobs else {
            bytes.append(",\"logprobs\":null")
            return
        }
        bytes.append(self.isChat ? ",\"logprobs\":{\"content\":[" : ",\"logprobs\":{\"tokens\":[")
        for token in tokens {
            if token > tokens.lowerBound { bytes.append(",") }
            if self.isChat {
                self.appendChatLogprob(of: plan, token, to: &bytes)
            } else {
                bytes.append("\"")
                self.appendText(of: plan, token..<token + 1, to: &bytes)
                bytes.append("\"")
            }
        }
        if self.isChat {
            bytes.append("],\"refusal\":null}")
            return
        }
        bytes.append("],\"token_logprobs\":[")
        for token in tokens {
            if token > tokens.lowerBound { bytes.append(",") }
            Self.appendLogprob(token, to: &bytes)
        }
        bytes.append("],\"top_logprobs\":null,\"text_offset\":[]}")
    }

    private func appendChatLogprob(of plan: OutputPlan, _ token: Int, to bytes: inout [UInt8]) {
        var text: [UInt8] = []
        plan.append(token: token, to: &text)
        bytes.append("{\"token\":\"")
        self.appendText(of: plan, token..<token + 1, to: &bytes)
        bytes.append("\",\"logprob\":")
        Self.appendLogprob(token, to: &bytes)
        bytes.append(",\"bytes\":[")
        for (index, byte) in text.enumerated() {
            if index > 0 { bytes.append(",") }
            bytes.append(decimal: byte)
        }
        bytes.append("],\"top_logprobs\":[]}")
    }

    private static func appendLogprob(_ token: Int, to bytes: inout [UInt8]) {
        bytes.append("-0.")
        bytes.append(decimal: 100 + Int(StableHash.mix(UInt64(token)) % 900))
    }
}
