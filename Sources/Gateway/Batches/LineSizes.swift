/// Mean sizes of a batch's lines, learnt as they run; the scheduler foretells by them when the batch will end.
struct LineSizes {
    /// Weight of the newest line.
    private static let share = 0.05
    private var prompt = 256.0
    private var output = 256.0

    var promptTokens: Int { max(1, Int(self.prompt)) }
    var outputTokens: Int { max(1, Int(self.output)) }

    mutating func sent(promptTokens: Int) { self.prompt += Self.share * (Double(promptTokens) - self.prompt) }
    mutating func answered(outputTokens: Int) { self.output += Self.share * (Double(outputTokens) - self.output) }
}
