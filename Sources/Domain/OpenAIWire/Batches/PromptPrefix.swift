/// A chain of hashes over a prompt's canonical bytes, one for each block, each over everything before it.
///
/// Two prompts share their first k hashes when they share their first k blocks, so a lexicographic sort of chains walks
/// the prefix trie depth first: requests with a common beginning come one after the other, and an engine's prefix cache
/// is used best (scheduling 2, 8.3). Canonical bytes are the model, then tools, then the legacy functions, then
/// messages, prompt or input, without the white space between JSON tokens; other parameters do not count.
public enum PromptPrefix {
    /// Short enough that a beginning of a few sentences, behind the model's name, is a block of its own.
    public static let blockBytes = 128
    /// 1 MiB of prompt; what lies behind does not influence the order.
    public static let blocksMax = 8192

    /// The chain of a request body; a last, partial block counts as a block.
    public static func chain(
        _ body: UnsafeRawBufferPointer, blocksMax: Int = Self.blocksMax
    ) throws(JSONError) -> [UInt64] {
        var scanner = JSONScanner(body)
        var parts = PromptParts()
        try scanner.openObject()
        while let key = try scanner.nextKey() { parts.note(key, try scanner.value(), scanner) }
        try scanner.finish()
        return self.chain(body, parts, blocksMax: blocksMax)
    }

    /// The chain of a body whose parts were found, and validated, in `bytes`.
    public static func chain(
        _ bytes: UnsafeRawBufferPointer, _ parts: PromptParts, blocksMax: Int = Self.blocksMax
    ) -> [UInt64] {
        var chain = ChainHasher(blocksMax: blocksMax)
        for part in parts.inOrder {
            if let part { chain.feed(bytes, part) }
            chain.feed(0)
        }
        return chain.finish()
    }

    public static func chain(_ body: [UInt8], blocksMax: Int = Self.blocksMax) throws(JSONError) -> [UInt64] {
        try withJSONBytes(body) { (buffer) throws(JSONError) in try self.chain(buffer, blocksMax: blocksMax) }
    }
}

/// Where the parts of a request body lie that an engine's prefix cache sees. The last of equal keys counts.
public struct PromptParts: Hashable, Sendable {
    private var model: JSONSlice?
    private var tools: JSONSlice?
    private var functions: JSONSlice?
    private var messages: JSONSlice?
    private var prompt: JSONSlice?
    private var input: JSONSlice?

    init() {}

    var inOrder: [JSONSlice?] {
        [self.model, self.tools, self.functions, self.messages, self.prompt, self.input]
    }

    mutating func note(_ key: JSONSlice, _ value: JSONSlice, _ scanner: JSONScanner) {
        if scanner.matches(key, "model") { self.model = value }
        if scanner.matches(key, "tools") { self.tools = value }
        if scanner.matches(key, "functions") { self.functions = value }
        if scanner.matches(key, "messages") { self.messages = value }
        if scanner.matches(key, "prompt") { self.prompt = value }
        if scanner.matches(key, "input") { self.input = value }
    }
}

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

    /// Behind the closing quote of the string that opens at `start`; quotes and backslashes are found eight bytes at a
    /// time (see `LineEnds`). The text was scanned before, so the string does end.
    private static func stringEnd(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        var at = start + 1
        while true {
            while at &+ 8 <= bytes.count {
                let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
                let quote = word ^ (ones &* 0x22)
                let backslash = word ^ (ones &* 0x5C)
                let marks = (((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash)) & highs
                if marks != 0 {
                    at &+= marks.trailingZeroBitCount &>> 3
                    break
                }
                at &+= 8
            }
            switch bytes[at] {
            case UInt8(ascii: "\""): return at + 1
            case UInt8(ascii: "\\"): at += 2
            default: at += 1
            }
        }
    }

    private mutating func close() {
        if !self.isFull { self.block.withUnsafeBytes { self.chain($0) } }
        self.block.removeAll(keepingCapacity: true)
    }

    private mutating func chain(_ block: UnsafeRawBufferPointer) {
        self.chain.append(WireHash.hash64(block, seed: self.chain.last ?? 0))
    }

    mutating func finish() -> [UInt64] {
        if !self.block.isEmpty { self.close() }
        return self.chain
    }
}
