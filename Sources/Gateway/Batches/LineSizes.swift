import Scheduling

/// Mean sizes of a batch's lines, learnt as they run; the scheduler foretells by them when the batch will end.
struct LineSizes {
    /// Weight of the newest line. The first ones weigh alike: what they tell is worth more than the guess before them,
    /// or a batch of short lines would look late, and be moved up, until a hundred of them have ended.
    private static let share = 0.05
    /// No prompt has more tokens; a report beyond that is nonsense.
    private static let promptMax = 1e9
    private var prompt = 256.0
    private var output = 256.0
    private var sentCount = 0.0
    private var answeredCount = 0.0
    /// Tokens that prompts were estimated to have, did have, and of those the computed ones; each newer line counts
    /// more.
    private var estimated = 0.0
    private var told = 0.0
    private var computed = 0.0

    var promptTokens: Int { max(1, Int(self.prompt)) }
    var outputTokens: Int { max(1, Int(self.output)) }

    /// A line's prompt, and what of it the engine will not find in its cache; better than by its bytes alone once the
    /// engine has told its counts.
    func promptTokens(estimated tokens: Int) -> (all: Int, uncached: Int) {
        guard self.told > 0, self.estimated > 0 else { return (tokens, tokens) }
        let all = min(Self.promptMax, max(1, Double(tokens) * self.told / self.estimated))
        return (Int(all), max(1, Int(all * self.computed / self.told)))
    }

    mutating func sent(promptTokens: Int) {
        self.sentCount += 1
        self.prompt += max(Self.share, 1 / self.sentCount) * (Double(promptTokens) - self.prompt)
    }

    /// - Parameters:
    ///   - usage: what the line is charged for.
    ///   - estimate: of the line's prompt, by its bytes.
    mutating func answered(_ usage: WorkUsage, estimate: Int) {
        self.answeredCount += 1
        self.output += max(Self.share, 1 / self.answeredCount) * (Double(usage.outputTokens) - self.output)
        let told = usage.cachedTokens + usage.computedTokens
        guard told > 0 else { return }
        func add(_ tokens: Int, to sum: inout Double) { sum = (1 - Self.share) * sum + Double(tokens) }
        add(estimate, to: &self.estimated)
        add(told, to: &self.told)
        add(usage.computedTokens, to: &self.computed)
    }
}
