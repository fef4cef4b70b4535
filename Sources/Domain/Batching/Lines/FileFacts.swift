/// What the upload of a batch input file found out, enough to accept or fail any later batch over it without reading it
/// again.
///
/// Bounded: at most `BatchLimits.errorsMax` problems with quoted texts of at most 256 bytes, and as many line numbers
/// for each endpoint; under 100 KB for any file. Stored in the index as (little-endian): version u16, first-line flag
/// u8, byte, line, checked, prompt-token, output-token and input counts u64 each, model (optional text) with its line
/// u32, problem count u64, problems (endpoint tag u8, code, message, optional param, line u32), endpoint slots (count
/// u64, first lines u32).
public struct FileFacts: Hashable, Sendable {
    /// A problem of one line; when it holds for one endpoint only, that is the line's own url.
    struct Problem: Hashable, Sendable {
        var error: LineError
        var endpoint: BatchEndpoint?
    }

    /// The lines that name one endpoint.
    struct EndpointLines: Hashable, Sendable {
        var count = 0
        /// The first lines, from 1.
        var first: [UInt32] = []

        mutating func add(_ line: Int) {
            self.count += 1
            if self.first.count < BatchLimits.errorsMax { self.first.append(UInt32(line)) }
        }
    }

    public internal(set) var byteCount = 0
    /// Lines without trailing blank ones.
    public internal(set) var lineCount = 0
    /// Lines that were checked; fewer than `lineCount` when the file has more than the limit.
    public internal(set) var checkedCount = 0
    /// False when the first line is not a JSON object; upload refuses such a file.
    public internal(set) var firstLineIsJSON = false
    /// The model of the first line that names one.
    public internal(set) var model: String?
    public internal(set) var modelLine = 0
    /// Estimated prompt tokens over all lines.
    public internal(set) var promptTokens = 0
    public internal(set) var outputTokens = 0
    /// Inputs of the lines that go to `/v1/embeddings`.
    public internal(set) var embeddingInputs = 0
    /// Problems found, of which the first hundred are kept.
    public internal(set) var problemCount = 0
    var problems: [Problem] = []
    /// One slot for each `BatchEndpoint` in order, and one for other urls.
    var endpoints = Array(repeating: EndpointLines(), count: BatchEndpoint.allCases.count + 1)

    init() {}

    /// How many lines name `endpoint`.
    public func lineCount(of endpoint: BatchEndpoint) -> Int { self.endpoints[Int(endpoint.ordinal)].count }
}
