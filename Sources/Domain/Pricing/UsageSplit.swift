import Quantities

/// A usage cut into parts that do not overlap, one count for each token meter, so that each token is billed once.
struct UsageSplit {
    /// No count may exceed this, so that no sum or product here can overflow.
    static let countMax: Int64 = 1 << 50

    var input: Int64
    var cachedInput: Int64
    var cacheWrite: Int64
    var cacheWriteLong: Int64
    var audioInput: Int64
    var cachedAudioInput: Int64
    var imageInput: Int64
    var output: Int64
    var reasoningOutput: Int64
    var audioOutput: Int64
    var imageOutput: Int64

    /// What output is whose kind a usage does not tell.
    enum PlainOutput { case text, audio, image }

    /// Splits `usage`; `imageOutput` is the part of its output that is picture tokens, nil where it does not say.
    ///
    /// Tokens that are not priced apart stay with their parent: reasoning with output, images with input. Usages do
    /// not say how many image tokens came from the cache; as many as fit count as uncached, the dearer reading.
    ///
    /// - Throws: `inconsistentUsage` when a part exceeds its whole, `overflow` beyond `countMax`.
    init(
        _ usage: TokenUsage, imageOutput stated: Int64? = nil, reasoningApart: Bool, imageApart: Bool,
        plainOutput: PlainOutput = .text
    ) throws(PricingError) {
        let isPlain = stated == nil && usage.audioOutput == 0
        let imageOutput = isPlain && plainOutput == .image ? usage.output : stated ?? 0
        let signs =
            usage.input | usage.cachedInput | usage.cacheWrite | usage.cacheWriteLong | usage.audioInput
            | usage.cachedAudioInput | usage.imageInput | usage.output | usage.reasoningOutput | usage.audioOutput
            | imageOutput
        guard signs >= 0 else { throw .inconsistentUsage("a token count is negative") }
        // The union of the bits is at least as large as each count.
        guard signs <= UsageSplit.countMax else { throw .overflow }

        let cached = usage.cachedInput + usage.cacheWrite + usage.cacheWriteLong
        guard cached <= usage.input else {
            throw .inconsistentUsage("cached and cache-write tokens exceed input tokens")
        }
        guard usage.audioInput + usage.imageInput <= usage.input else {
            throw .inconsistentUsage("audio and image tokens exceed input tokens")
        }
        guard usage.cachedAudioInput <= min(usage.audioInput, usage.cachedInput) else {
            throw .inconsistentUsage("cached audio tokens exceed audio or cached tokens")
        }
        self.cachedInput = usage.cachedInput - usage.cachedAudioInput
        self.cachedAudioInput = usage.cachedAudioInput
        self.cacheWrite = usage.cacheWrite
        self.cacheWriteLong = usage.cacheWriteLong
        self.audioInput = usage.audioInput - usage.cachedAudioInput
        let rest = usage.input - cached - self.audioInput
        guard rest >= 0 else {
            throw .inconsistentUsage("uncached audio, cached and cache-write tokens exceed input tokens")
        }
        self.imageInput = imageApart ? min(usage.imageInput, rest) : 0
        self.input = rest - self.imageInput

        guard usage.reasoningOutput <= usage.output else {
            throw .inconsistentUsage("reasoning tokens exceed output tokens")
        }
        self.reasoningOutput = reasoningApart ? usage.reasoningOutput : 0
        self.audioOutput = isPlain && plainOutput == .audio ? usage.output : usage.audioOutput
        self.imageOutput = imageOutput
        self.output = usage.output - self.reasoningOutput - self.audioOutput - self.imageOutput
        guard self.output >= 0 else {
            throw .inconsistentUsage("reasoning, audio and image tokens exceed output tokens")
        }
    }

    /// The count of a token meter; zero for other meters.
    func count(of meter: Meter) -> Int64 {
        switch meter {
        case .input: self.input
        case .cachedInput: self.cachedInput
        case .cacheWrite: self.cacheWrite
        case .cacheWriteLong: self.cacheWriteLong
        case .audioInput: self.audioInput
        case .cachedAudioInput: self.cachedAudioInput
        case .imageInput: self.imageInput
        case .output: self.output
        case .reasoningOutput: self.reasoningOutput
        case .audioOutput: self.audioOutput
        case .imageOutput: self.imageOutput
        default: 0
        }
    }
}
