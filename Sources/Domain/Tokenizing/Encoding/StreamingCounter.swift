/// Counts the tokens of a text that comes in chunks, exactly as if it came whole.
///
/// Holds only the text that later bytes could still cut differently: a word or a run of spaces at the end, rarely
/// more than a hundred bytes. A single piece of any size (a letter repeated for megabytes) is held until it ends, and
/// so is all text for a tokenizer that looks for added tokens or composes text.
public struct StreamingCounter: Sendable {
    private let encoder: Encoder
    /// Well-formed text whose pieces are not certain yet.
    private var pending: [UInt8] = []
    /// A scalar that a chunk's end cut off, at most three bytes.
    private var truncated: [UInt8] = []
    /// No new walk below this many pending bytes; doubled when a walk got nowhere, so that a giant piece in small
    /// chunks is not walked again for each of them.
    private var nextWalk = 0
    private var counted = 0

    public init(_ encoder: Encoder) { self.encoder = encoder }

    /// Bytes held back at the moment.
    public var heldBytes: Int { self.pending.count + self.truncated.count }

    /// Takes the next bytes of the text; chunks may be cut anywhere, also inside a scalar.
    public mutating func take(_ chunk: UnsafeRawBufferPointer) {
        guard !chunk.isEmpty else { return }
        if self.truncated.isEmpty {
            self.append(chunk)
        } else {
            // Three more bytes complete any scalar; the bulk of the chunk is not copied twice.
            let head = self.truncated + chunk.prefix(3)
            self.truncated = []
            head.withUnsafeBytes { self.append($0) }
            let tail = UnsafeRawBufferPointer(rebasing: chunk.dropFirst(3))
            if self.truncated.isEmpty {
                self.append(tail)
            } else if !tail.isEmpty {
                let joined = self.truncated + tail
                self.truncated = []
                joined.withUnsafeBytes { self.append($0) }
            }
        }
        if self.encoder.preparation == nil, self.pending.count >= self.nextWalk { self.walk() }
    }

    /// Takes the next bytes of the text.
    public mutating func take(_ chunk: [UInt8]) { chunk.withUnsafeBytes { self.take($0) } }

    /// The number of tokens of all that was taken; the counter then starts a new text.
    public mutating func finish() -> Int {
        if !self.truncated.isEmpty { self.pending += UTF8Repair.replacement }
        var sink = CountingSink()
        self.pending.withUnsafeBufferPointer { self.encoder.walk($0, into: &sink) }
        let total = self.counted + sink.count
        self.counted = 0
        self.pending = []
        self.truncated = []
        self.nextWalk = 0
        return total
    }

    private mutating func append(_ chunk: UnsafeRawBufferPointer) {
        chunk.withMemoryRebound(to: UInt8.self) { bytes in
            let left = UTF8Repair.append(bytes, to: &self.pending, keepsTruncatedEnd: true)
            self.truncated = Array(bytes.suffix(left))
        }
    }

    /// Counts the pieces that more text cannot change.
    private mutating func walk() {
        var sink = CountingSink()
        let taken = self.pending.withUnsafeBufferPointer {
            self.encoder.codec.walk($0, isWhole: false, into: &sink)
        }
        self.counted += sink.count
        self.pending.removeFirst(taken)
        self.nextWalk = 2 * self.pending.count
    }
}
