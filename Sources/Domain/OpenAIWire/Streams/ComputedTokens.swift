/// How far an engine is with a request, as llama.cpp says in the chunks of a chat stream when it is asked to:
/// `prompt_progress` (`return_progress`) while it computes the prompt, `timings` (`timings_per_token`) with each token.
public struct ComputedTokens: Hashable, Sendable {
    /// Tokens that are computed in one piece, which a cancel does not stop (`n_batch`, as llama.cpp has it by default).
    static let pieceMax: Int64 = 2_048

    /// Tokens of the prompt that are computed, or are being computed as the chunk comes; those found in the engine's
    /// cache do not count.
    public var prompt: Int64
    public var output: Int64

    private struct Counts {
        var cached: Int64?
        var processed: Int64?
        var total: Int64?
        var prompt: Int64?
        var output: Int64?
    }

    public init(prompt: Int64, output: Int64) {
        self.prompt = prompt
        self.output = output
    }

    /// Both members may stand in one chunk.
    func merging(_ other: ComputedTokens?) -> ComputedTokens {
        ComputedTokens(prompt: max(self.prompt, other?.prompt ?? 0), output: max(self.output, other?.output ?? 0))
    }

    /// Reads the member of a chunk; nil when it is another one, or has not the numbers.
    init?(_ key: JSONSlice, _ value: JSONSlice, _ scanner: JSONScanner) throws(JSONError) {
        guard value.kind == .object else { return nil }
        let (isProgress, isTimings) = (scanner.matches(key, "prompt_progress"), scanner.matches(key, "timings"))
        guard isProgress || isTimings else { return nil }
        var counts = Counts()
        var inner = JSONScanner(scanner.bytes, from: value.range.lowerBound)
        try inner.openObject()
        while let name = try inner.nextKey() {
            let number = inner.integer(try inner.value()).flatMap { $0 <= UsageReading.countMax ? $0 : nil }
            if inner.matches(name, "cache") { counts.cached = number }
            if inner.matches(name, "processed") { counts.processed = number }
            if inner.matches(name, "total") { counts.total = number }
            if inner.matches(name, "prompt_n") { counts.prompt = number }
            if inner.matches(name, "predicted_n") { counts.output = number }
        }
        if isProgress, let total = counts.total, let processed = counts.processed, let cached = counts.cached,
            0 <= cached, cached <= processed, processed <= total
        {
            self.init(prompt: min(total - cached, processed - cached + Self.pieceMax), output: 0)
        } else if isTimings, let prompt = counts.prompt, let output = counts.output, prompt >= 0, output >= 0 {
            self.init(prompt: prompt, output: output)
        } else {
            return nil
        }
    }
}
