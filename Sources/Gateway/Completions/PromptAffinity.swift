import OpenAIWire

/// Which requests should meet at one engine: those whose prompts begin alike, so that its cache has the beginning.
enum PromptAffinity {
    /// Bytes of a prompt that decide, and that it must have at least: a shorter one is computed as fast as it is found.
    static let bytes = 512

    /// A value that such requests share; nil where the prompt is too short to care.
    ///
    /// A client that knows better says so with `prompt_cache_key`.
    static func of(_ facts: RequestFacts, _ body: [UInt8]) -> UInt64? {
        func hash(_ range: Range<Int>, seed: UInt64) -> UInt64 {
            body.withUnsafeBytes { WireHash.hash64(UnsafeRawBufferPointer(rebasing: $0[range]), seed: seed) }
        }
        if let key = facts[.promptCacheKey]?.value, key.kind == .string { return hash(key.range, seed: 1) }
        guard let prompt = (facts[.messages] ?? facts[.prompt] ?? facts[.input])?.value.range,
            prompt.count >= Self.bytes
        else { return nil }
        return hash(prompt.lowerBound..<prompt.lowerBound + Self.bytes, seed: 0)
    }
}
