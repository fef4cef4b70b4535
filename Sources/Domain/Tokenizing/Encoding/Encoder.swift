/// Turns text into tokens and back, and counts tokens.
///
/// The tokens of a published encoding are those of tiktoken's `encode_ordinary`: the text of a special token such as
/// `<|endoftext|>` is ordinary text. Those of an open model's tokenizer are what `TokenizerJSON` says. Bytes that are
/// not UTF-8 are first repaired as Python's `decode("utf-8", errors="replace")` does, so every input has a count. A
/// text is always counted as a whole: counts of its parts do not add up to its count.
public struct Encoder: Sendable {
    /// The published encoding, or nil for the tokenizer of an open model.
    public let encoding: EncodingName?
    /// How many ordinary tokens there are.
    public let tokenCount: Int

    /// Special tokens that a model's tokenizer puts around each text; counts of texts do not hold them.
    public let tokensAroundText: Int

    let codec: Codec
    /// Nil: text is cut as it stands.
    let preparation: TextPreparation?
    private let addedTokens: [UInt32: String]

    public init(_ vocabulary: Vocabulary) {
        self.encoding = vocabulary.encoding
        self.tokenCount = vocabulary.tokenCount
        self.codec = Codec(store: vocabulary.store, rule: vocabulary.encoding.splitRule, merges: nil)
        self.addedTokens = [:]
        self.tokensAroundText = 0
        self.preparation = nil
    }

    public init(_ tokenizer: TokenizerJSON) {
        self.encoding = nil
        self.tokenCount = tokenizer.store.spans.count { $0 != 0 }
        self.codec = Codec(store: tokenizer.store, rule: tokenizer.rule, merges: tokenizer.merges)
        self.addedTokens = tokenizer.addedTokens
        self.tokensAroundText = tokenizer.tokensAroundText
        self.preparation = tokenizer.preparation.isNeeded ? tokenizer.preparation : nil
    }

    /// The number of tokens of `bytes`.
    public func count(_ bytes: UnsafeRawBufferPointer) -> Int {
        var sink = CountingSink()
        self.tokens(of: bytes, into: &sink)
        return sink.count
    }

    /// The number of tokens of `bytes`.
    public func count(_ bytes: [UInt8]) -> Int { bytes.withUnsafeBytes { self.count($0) } }

    /// The number of tokens of `text`.
    public func count(_ text: some StringProtocol) -> Int {
        text.utf8.withContiguousStorageIfAvailable { self.count(UnsafeRawBufferPointer($0)) }
            ?? self.count(Array(text.utf8))
    }

    /// The tokens of `bytes`.
    public func encode(_ bytes: UnsafeRawBufferPointer) -> [UInt32] {
        var sink = ListingSink()
        sink.ranks.reserveCapacity(bytes.count / 4 + 4)
        self.tokens(of: bytes, into: &sink)
        return sink.ranks
    }

    /// The tokens of `bytes`.
    public func encode(_ bytes: [UInt8]) -> [UInt32] { bytes.withUnsafeBytes { self.encode($0) } }

    /// The tokens of `text`.
    public func encode(_ text: some StringProtocol) -> [UInt32] {
        text.utf8.withContiguousStorageIfAvailable { self.encode(UnsafeRawBufferPointer($0)) }
            ?? self.encode(Array(text.utf8))
    }

    /// The bytes that `tokens` stand for, special tokens included; nil when one of them is unknown.
    package func decode(_ tokens: [UInt32]) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(tokens.count * 4)
        for token in tokens {
            if let ordinary = self.codec.store.bytes(ofToken: token) {
                bytes += ordinary
            } else if let special = self.addedTokens[token] ?? self.encoding?.specialToken(token) {
                bytes += special.utf8
            } else {
                return nil
            }
        }
        return bytes
    }

    /// How many steps the merging of long pieces in `bytes` takes: a bound on its time that no clock disturbs.
    package func mergeSteps(_ bytes: [UInt8]) -> Int {
        var sink = StepSink()
        bytes.withUnsafeBytes { self.tokens(of: $0, into: &sink) }
        return sink.steps
    }

    private func tokens<Sink: TokenSink>(of bytes: UnsafeRawBufferPointer, into sink: inout Sink) {
        bytes.withMemoryRebound(to: UInt8.self) { text in
            if UTF8Repair.wellFormedPrefix(text) == text.count {
                self.walk(text, into: &sink)
                return
            }
            var repaired: [UInt8] = []
            repaired.reserveCapacity(text.count + text.count / 8)
            _ = UTF8Repair.append(text, to: &repaired)
            repaired.withUnsafeBufferPointer { self.walk($0, into: &sink) }
        }
    }

    /// Hands the tokens of a whole well-formed text to `sink`.
    func walk<Sink: TokenSink>(_ text: UnsafeBufferPointer<UInt8>, into sink: inout Sink) {
        guard let preparation = self.preparation else {
            _ = self.codec.walk(text, into: &sink)
            return
        }
        preparation.forEachPart(of: text) { part in
            switch part {
            case .token(let token): sink.take(token)
            case .text(let rest): _ = self.codec.walk(rest, into: &sink)
            }
        }
    }
}
