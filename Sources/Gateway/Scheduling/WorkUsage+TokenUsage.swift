import Quantities
import Scheduling

extension WorkUsage {
    /// What was charged, as the scheduler counts work.
    init(_ usage: TokenUsage) {
        self.init(
            cachedTokens: Int(clamping: usage.cachedInput),
            computedTokens: Int(clamping: usage.input - usage.cachedInput), outputTokens: Int(clamping: usage.output))
    }
}
