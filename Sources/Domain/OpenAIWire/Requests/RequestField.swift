/// The top-level body fields that the gateway reads. All others pass through unseen.
public enum RequestField: UInt8, CaseIterable, Hashable, Sendable {
    case model, messages, prompt, input, tools
    case stream, streamOptions
    case serviceTier
    case maxTokens, maxCompletionTokens, nPredict, n, bestOf
    case temperature, seed, logprobs, responseFormat, encodingFormat
    case metadata, promptCacheKey, user, safetyIdentifier, store, priority

    public var name: String { Self.names[Int(self.rawValue)].description }

    private static let names: [StaticString] = [
        "model", "messages", "prompt", "input", "tools", "stream", "stream_options", "service_tier", "max_tokens",
        "max_completion_tokens", "n_predict", "n", "best_of", "temperature", "seed", "logprobs", "response_format",
        "encoding_format", "metadata", "prompt_cache_key", "user", "safety_identifier", "store",
        "priority",
    ]

    /// The field that a key names, also when the key is written with escapes.
    init?(_ key: JSONSlice, in scanner: JSONScanner) {
        for index in Self.names.indices where scanner.matches(key, Self.names[index]) {
            self.init(rawValue: UInt8(index))
            return
        }
        return nil
    }
}
