/// Splits the bytes of a JSONL file into lines, in whatever cuts they arrive, with bounded memory.
///
/// A line ends with a line feed; one carriage return before it is cut off. The last line may lack its end.
public struct LineSplitter: Sendable {
    /// A line is longer than the limit.
    public struct TooLong: Error, Hashable, Sendable {
        /// 1-based.
        public let line: Int
        public let maximum: Int

        public init(line: Int, maximum: Int) {
            self.line = line
            self.maximum = maximum
        }
    }

    private let limit: Int
    private var carry: [UInt8] = []
    /// Lines handed out so far.
    public private(set) var lineCount = 0

    public init(lineBytesMax limit: Int) { self.limit = limit }

    /// Takes the next bytes and calls `body` with every complete line and its 1-based number.
    ///
    /// The line is only valid during the call. After an error the splitter must not be used any more.
    public mutating func push(
        _ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer, Int) -> Void
    ) throws(TooLong) {
        var at = 0
        while at < bytes.count {
            let end = LineEnds.nextLineFeed(in: bytes, from: at)
            let part = bytes.part(at..<end)
            guard self.carry.count + part.count <= self.limit else {
                throw TooLong(line: self.lineCount + 1, maximum: self.limit)
            }
            if end == bytes.count {
                self.carry.append(contentsOf: part)
            } else if self.carry.isEmpty {
                self.emit(part, body)
            } else {
                self.carry.append(contentsOf: part)
                let whole = self.carry
                self.carry = []
                whole.withUnsafeBytes { self.emit($0, body) }
            }
            at = end + 1
        }
    }

    /// The file has ended: hands out a last line without a line feed.
    public mutating func finish(_ body: (UnsafeRawBufferPointer, Int) -> Void) {
        guard !self.carry.isEmpty else { return }
        let whole = self.carry
        self.carry = []
        whole.withUnsafeBytes { self.emit($0, body) }
    }

    private mutating func emit(_ line: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer, Int) -> Void) {
        self.lineCount += 1
        let hasReturn = line.last == 0x0D
        body(hasReturn ? UnsafeRawBufferPointer(rebasing: line.dropLast()) : line, self.lineCount)
    }
}
