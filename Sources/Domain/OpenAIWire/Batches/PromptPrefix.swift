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

    /// Blocks of a body's prompt: the length of its chain, but that white space between its parts counts here.
    public static func blockCount(_ facts: RequestFacts) -> Int {
        let parts: [RequestField] = [.model, .tools, .messages, .prompt, .input]
        let bytes = parts.reduce(parts.count + 1) { $0 + (facts[$1]?.value.range.count ?? 0) }
        return min(Self.blocksMax, (bytes + Self.blockBytes - 1) / Self.blockBytes)
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
