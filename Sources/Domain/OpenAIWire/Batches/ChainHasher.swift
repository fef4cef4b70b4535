/// Cuts a byte stream into blocks and chains their hashes.
struct ChainHasher {
    private let blocksMax: Int
    private var block: [UInt8] = []
    private var chain: [UInt64] = []

    init(blocksMax: Int) {
        self.blocksMax = blocksMax
        self.block.reserveCapacity(PromptPrefix.blockBytes)
    }

    private var isFull: Bool { self.chain.count >= self.blocksMax }

    mutating func feed(_ byte: UInt8) {
        self.block.append(byte)
        if self.block.count == PromptPrefix.blockBytes { self.close() }
    }

    /// A validated value without the white space outside of its strings.
    mutating func feed(_ bytes: UnsafeRawBufferPointer, _ value: JSONSlice) {
        var at = value.range.lowerBound
        while at < value.range.upperBound, !self.isFull {
            let byte = bytes[at]
            if byte == UInt8(ascii: "\"") {
                let end = Self.stringEnd(in: bytes, from: at)
                self.feed(run: bytes.part(at..<end))
                at = end
            } else {
                if byte > 0x20 { self.feed(byte) }
                at += 1
            }
        }
    }

    private mutating func feed(run: UnsafeRawBufferPointer) {
        var at = 0
        while at < run.count, !self.isFull {
            if self.block.isEmpty, run.count - at >= PromptPrefix.blockBytes {
                // A whole block of one string needs no copy.
                self.chain(run.part(at..<at + PromptPrefix.blockBytes))
                at += PromptPrefix.blockBytes
                continue
            }
            let end = min(run.count, at + PromptPrefix.blockBytes - self.block.count)
            self.block.append(contentsOf: run.part(at..<end))
            if self.block.count == PromptPrefix.blockBytes { self.close() }
            at = end
        }
    }

    /// Behind the closing quote of the string that opens at `start`. The text was scanned before, so the string does
    /// end. Eight bytes at a time, and 32 where the first eight hold no mark, as in long texts.
    private static func stringEnd(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var at = start + 1
        while true {
            while at &+ 8 <= bytes.count {
                let marks = self.marks(bytes, at)
                if marks != 0 {
                    at &+= marks.trailingZeroBitCount &>> 3
                    break
                }
                at &+= 8
                while at &+ 32 <= bytes.count,
                    self.marks(bytes, at) | self.marks(bytes, at &+ 8) | self.marks(bytes, at &+ 16)
                        | self.marks(bytes, at &+ 24) == 0
                {
                    at &+= 32
                }
            }
            switch bytes[at] {
            case UInt8(ascii: "\""): return at + 1
            case UInt8(ascii: "\\"): at += 2
            default: at += 1
            }
        }
    }

    /// The high bit of a byte is set where the byte is a quote or a backslash; the lowest mark is exact.
    @inline(__always)
    private static func marks(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
        let (quote, backslash) = (word ^ (ones &* 0x22), word ^ (ones &* 0x5C))
        return (((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash)) & (ones &* 0x80)
    }

    private mutating func close() {
        if !self.isFull { self.block.withUnsafeBytes { self.chain($0) } }
        self.block.removeAll(keepingCapacity: true)
    }

    private mutating func chain(_ block: UnsafeRawBufferPointer) {
        self.chain.append(WireHash.block(block, seed: self.chain.last ?? 0))
    }

    mutating func finish() -> [UInt64] {
        if !self.block.isEmpty { self.close() }
        return self.chain
    }
}
