/// An answer as server-sent events: one event per token and choice, as vLLM sends them.
struct StreamedAnswer: Sendable {
    let frame: AnswerFrame
    let includesUsage: Bool
    /// The opening of every chunk.
    private let opening: [UInt8]

    init(frame: AnswerFrame, includesUsage: Bool) {
        self.frame = frame
        self.includesUsage = includesUsage
        var opening: [UInt8] = []
        opening.append("data: ")
        frame.appendOpening(object: frame.isChat ? "chat.completion.chunk" : "text_completion", to: &opening)
        self.opening = opening
    }

    /// What comes before the first token: the role, for each choice of a chat.
    func appendStart(to bytes: inout [UInt8]) {
        guard self.frame.isChat else { return }
        for index in self.frame.plans.indices {
            self.openChoice(index, to: &bytes)
            bytes.append(
                ",\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"logprobs\":null,\"finish_reason\":null}")
            self.closeChunk(to: &bytes)
        }
    }

    /// The tokens of one decoding step, and the end of every choice that it completes.
    func append(step: Int, to bytes: inout [UInt8]) {
        for (index, plan) in self.frame.plans.enumerated() where step < plan.tokens {
            self.openChoice(index, to: &bytes)
            if self.frame.isChat {
                self.appendDelta(plan, step, to: &bytes)
            } else {
                bytes.append(",\"text\":\"")
                self.frame.appendText(of: plan, step..<step + 1, to: &bytes)
                bytes.append("\"")
            }
            let logged = step < plan.reasoningTokens ? step..<step : step..<step + 1
            self.frame.appendLogprobs(of: plan, logged, to: &bytes)
            bytes.append(",\"finish_reason\":null}")
            self.closeChunk(to: &bytes)
            if step == plan.tokens - 1 { self.appendChoiceEnd(index, plan, to: &bytes) }
        }
    }

    /// What comes after the last token: usage, if it was asked for, and the terminator.
    func appendEnd(cachedTokens: Int, to bytes: inout [UInt8]) {
        if self.includesUsage {
            bytes.append(contentsOf: self.opening)
            bytes.append("],\"usage\":")
            self.frame.appendUsage(cachedTokens: cachedTokens, to: &bytes)
            bytes.append("}\n\n")
        }
        bytes.append("data: [DONE]\n\n")
    }

    private func openChoice(_ index: Int, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: self.opening)
        bytes.append("{\"index\":")
        bytes.append(decimal: index)
    }

    private func closeChunk(to bytes: inout [UInt8]) {
        bytes.append(self.includesUsage ? "],\"usage\":null}\n\n" : "]}\n\n")
    }

    private func appendChoiceEnd(_ index: Int, _ plan: OutputPlan, to bytes: inout [UInt8]) {
        self.openChoice(index, to: &bytes)
        bytes.append(self.frame.isChat ? ",\"delta\":{},\"logprobs\":null" : ",\"text\":\"\",\"logprobs\":null")
        self.frame.appendEnding(plan, to: &bytes)
        bytes.append("}")
        self.closeChunk(to: &bytes)
    }

    private func appendDelta(_ plan: OutputPlan, _ step: Int, to bytes: inout [UInt8]) {
        guard plan.form == .toolCall else {
            bytes.append(
                step < plan.reasoningTokens ? ",\"delta\":{\"reasoning_content\":\"" : ",\"delta\":{\"content\":\"")
            self.frame.appendText(of: plan, step..<step + 1, to: &bytes)
            bytes.append("\"}")
            return
        }
        bytes.append(",\"delta\":{\"tool_calls\":[{\"index\":0,")
        if step == 0 {
            bytes.append("\"id\":\"call_simulated\",\"type\":\"function\",\"function\":{\"name\":")
            bytes.append(contentsOf: self.frame.toolQuoted)
            bytes.append(",\"arguments\":\"")
        } else {
            bytes.append("\"function\":{\"arguments\":\"")
        }
        self.frame.appendText(of: plan, step..<step + 1, to: &bytes)
        bytes.append("\"}}]}")
    }
}
