/// The limits of a batch input file, each with its unit and its answer when it is passed.
public struct BatchLimits: Hashable, Sendable {
    /// Lines in one batch (OpenAI: 50,000); more fail validation with `request_limit_exceeded`.
    public var linesMax: Int
    /// Bytes of the input file (OpenAI: 200 MiB); more fail validation with `file_too_large`.
    public var fileBytesMax: Int
    /// Bytes of one line; a longer one is `request_limit_exceeded`. Bounds the memory of whoever reads lines.
    public var lineBytesMax: Int
    /// Embedding inputs over all lines (OpenAI: 50,000); more fail validation with `request_limit_exceeded`.
    public var embeddingInputsMax: Int

    /// Entries of `errors.data` that are collected.
    public static let errorsMax = 100

    public init(
        linesMax: Int = 50_000, fileBytesMax: Int = 209_715_200, lineBytesMax: Int = 16 << 20,
        embeddingInputsMax: Int = 50_000
    ) {
        precondition(linesMax > 0 && linesMax <= 1 << 30 && lineBytesMax > 0, "limits are positive")
        self.linesMax = linesMax
        self.fileBytesMax = fileBytesMax
        self.lineBytesMax = lineBytesMax
        self.embeddingInputsMax = embeddingInputsMax
    }
}
