/// Prompt tokens of batch lines that ended, and how few of them had to be computed.
public struct PromptTokens: Hashable, Sendable {
    public static let zero = PromptTokens(computed: 0, cached: 0, least: 0)

    /// Computed by engines, as they told.
    public var computed: Int64
    /// Found in engines' caches, as they told.
    public var cached: Int64
    /// What would be computed if every common beginning of the batch's prompts were computed once.
    public var least: Int64

    public init(computed: Int64, cached: Int64, least: Int64) {
        self.computed = computed
        self.cached = cached
        self.least = least
    }

    public var isEmpty: Bool { self.computed == 0 && self.cached == 0 }

    /// Counts of lines are far below the largest number; a sum that is not stays there.
    public static func += (a: inout Self, b: Self) {
        func sum(_ a: Int64, _ b: Int64) -> Int64 {
            let (sum, overflow) = a.addingReportingOverflow(b)
            return overflow ? .max : sum
        }
        a.computed = sum(a.computed, b.computed)
        a.cached = sum(a.cached, b.cached)
        a.least = sum(a.least, b.least)
    }
}
