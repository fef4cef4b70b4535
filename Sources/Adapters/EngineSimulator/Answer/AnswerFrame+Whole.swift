extension AnswerFrame {
    /// The answer in one piece.
    func whole(cachedTokens: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(512 + self.plans.reduce(0) { $0 + $1.tokens * (self.hasLogprobs ? 96 : 8) })
        self.appendOpening(object: self.isChat ? "chat.completion" : "text_completion", to: &bytes)
        for (index, plan) in self.plans.enumerated() {
            if index > 0 { bytes.append(",") }
            bytes.append("{\"index\":")
            bytes.append(decimal: index)
            if self.isChat {
                self.appendMessage(plan, to: &bytes)
            } else {
                bytes.append(",\"text\":\"")
                self.appendText(of: plan, 0..<plan.tokens, to: &bytes)
                bytes.append("\"")
            }
            self.appendLogprobs(of: plan, plan.reasoningTokens..<plan.tokens, to: &bytes)
            self.appendEnding(plan, to: &bytes)
            bytes.append("}")
        }
        bytes.append("],\"usage\":")
        self.appendUsage(cachedTokens: cachedTokens, to: &bytes)
        bytes.append("}")
        return bytes
    }

    private func appendMessage(_ plan: OutputPlan, to bytes: inout [UInt8]) {
        bytes.append(",\"message\":{\"role\":\"assistant\",\"content\":")
        if plan.form == .toolCall {
            bytes.append("null")
        } else {
            bytes.append("\"")
            self.appendText(of: plan, plan.reasoningTokens..<plan.tokens, to: &bytes)
            bytes.append("\"")
        }
        bytes.append(",\"refusal\":null")
        if plan.reasoningTokens > 0 {
            bytes.append(",\"reasoning_content\":\"")
            self.appendText(of: plan, 0..<plan.reasoningTokens, to: &bytes)
            bytes.append("\"")
        }
        if plan.form == .toolCall {
            bytes.append(",\"tool_calls\":[{\"id\":\"call_simulated\",\"type\":\"function\",\"function\":{\"name\":")
            bytes.append(contentsOf: self.toolQuoted)
            bytes.append(",\"arguments\":\"")
            self.appendText(of: plan, 0..<plan.tokens, to: &bytes)
            bytes.append("\"}}]")
        }
        bytes.append("}")
    }
}
